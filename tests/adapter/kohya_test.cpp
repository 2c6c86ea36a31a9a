#include "adapter/kohya.h"

#include <gtest/gtest.h>

#include "adapter/files/read_lora.h"
#include "adapter/peft.h"
#include "support/expect_error.h"
#include "support/lora_files.h"
#include "support/temp_dir.h"

namespace dnd::adapter {
namespace {

using testing::NamedShapes;
using testing::product;
using testing::short_adapter;
using testing::TempDir;
using testing::write_safetensors;

const std::string kKohyaStem = "lora_unet_blocks_0_self_attn_q";

// Tensors as sd-scripts and musubi-tuner save them.
NamedShapes down_up(const std::string& stem, std::int64_t rank = 2) {
  return {{stem + ".lora_down.weight", {rank, 6}}, {stem + ".lora_up.weight", {4, rank}}};
}

NamedShapes with_more(NamedShapes first, const NamedShapes& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

class Kohya : public ::testing::Test {
 protected:
  LoraAdapter read(const NamedShapes& tensors, const std::vector<std::string>& modules = {}) const {
    write_safetensors(file_, tensors);
    return read_lora(file_, {std::nullopt, modules}, ModuleNames::as_found);
  }

  void expect_refused(const NamedShapes& tensors, const std::string& message) const {
    EXPECT_DND_ERROR(read(tensors), ErrorKind::data, message);
  }

  TempDir dir_;
  std::filesystem::path file_ = dir_ / "style.safetensors";
};

TEST_F(Kohya, AlphaByRankIsTheScaleAndWithoutAlphaItIsOne) {
  const LoraAdapter adapter = read(with_more(
      with_more(down_up(kKohyaStem), {{kKohyaStem + ".alpha", {}}}), down_up("lora_unet_head", 3)));
  EXPECT_EQ(adapter.format, AdapterFormat::kohya);
  EXPECT_EQ(adapter.component, "transformer");
  ASSERT_EQ(adapter.pairs.size(), 2U);
  const LoraPair* pair = adapter.find("blocks_0_self_attn_q");
  ASSERT_NE(pair, nullptr);
  EXPECT_EQ(pair->key, kKohyaStem);
  EXPECT_EQ(pair->scale, static_cast<double>(testing::short_values({}, 2)[0]) / 2.0);
  EXPECT_EQ(pair->a, testing::short_values({2, 6}, 0));
  EXPECT_EQ(pair->b, testing::short_values({4, 2}, 1));
  EXPECT_EQ(adapter.find("head")->scale, 1.0);
}

TEST_F(Kohya, TheBaseGivesDotsBack) {
  const std::vector<std::string> modules = {"blocks.0.self_attn.q", "blocks.0.self_attn.k"};
  const LoraAdapter adapter =
      read(with_more(down_up(kKohyaStem), down_up("lora_unet_other_x")), modules);
  EXPECT_FALSE(adapter.flat_names);
  EXPECT_NE(adapter.find("blocks.0.self_attn.q"), nullptr);
  EXPECT_NE(adapter.find("other_x"), nullptr) << "of another base";
  EXPECT_TRUE(read(down_up(kKohyaStem)).flat_names);
}

TEST_F(Kohya, WithoutABaseOnlyWhoTakesFlatNamesGetsThem) {
  write_safetensors(file_, down_up(kKohyaStem));
  EXPECT_DND_ERROR(
      read_lora(file_), ErrorKind::usage,
      "'" + kKohyaStem + "' has lost the dots of its path, which only the base model's");
}

TEST_F(Kohya, ANameOfTwoLayersIsRefused) {
  write_safetensors(file_, down_up("lora_unet_a_b"));
  EXPECT_DND_ERROR(read_lora(file_, {std::nullopt, {"a.b", "c", "a_b"}}), ErrorKind::data,
                   "'a_b' is the name of several layers of the base");
  EXPECT_EQ(read_lora(file_, {std::nullopt, {"a.b", "c.d", "c_d"}}).pairs[0].module, "a.b");
  EXPECT_EQ(read_lora(file_, {std::nullopt, {"a.b", "a.b"}}).pairs[0].module, "a.b");
}

TEST_F(Kohya, PrefixesTellTheComponent) {
  const auto component = [&](const std::string& stem) { return read(down_up(stem)).component; };
  EXPECT_EQ(component("lora_unet_down_blocks_0_attentions_0_proj_in"), "unet");
  EXPECT_EQ(component("lora_unet_double_blocks_0_img_mlp_0"), "transformer");
  EXPECT_EQ(component("lora_transformer_single_transformer_blocks_0_attn_to_q"), "transformer");
  EXPECT_EQ(component("lora_te_text_model_encoder_layers_0_mlp_fc1"), "text_encoder");
  EXPECT_EQ(component("lora_te1_text_model_encoder_layers_0_mlp_fc1"), "text_encoder");
  EXPECT_EQ(component("lora_te2_text_model_encoder_layers_0_mlp_fc1"), "text_encoder_2");
  EXPECT_EQ(component("lora_te3_encoder_block_0_layer_0_SelfAttention_q"), "text_encoder_3");
  EXPECT_EQ(component("lycoris_transformer_blocks_0_attn_to_q"), "transformer");
}

TEST_F(Kohya, OtherMethodsAreToldByName) {
  const auto with = [&](const std::string& name) {
    return with_more(down_up(kKohyaStem), {{kKohyaStem + name, {2, 2}}});
  };
  expect_refused(with(".hada_w1_a"), "holds LoHa (Hadamard products), not LoRA alone: tensor '");
  expect_refused(with(".lokr_w1"), "holds LoKr (Kronecker products)");
  expect_refused(with(".dora_scale"), "holds DoRA in LyCORIS's form (dora_scale)");
  expect_refused(with(".lora_mid.weight"), "holds LoCon with a core");
  expect_refused(with(".diff_b"), "holds differences of biases (diff_b)");
  expect_refused(with(".oft_blocks"), "holds OFT");
  // First the kind, whatever else is wrong with the file.
  expect_refused({{"x.weight", {2}}, {kKohyaStem + ".hada_w1_a", {2, 2}}}, "holds LoHa");
}

TEST_F(Kohya, WhatIsNoLoraOfOneModelIsRefused) {
  expect_refused(with_more(down_up(kKohyaStem), down_up("lora_te1_x")),
                 "holds LoRA for two components");
  expect_refused(with_more(down_up(kKohyaStem), down_up("x")), "has no prefix of kohya's");
  expect_refused({{kKohyaStem + ".lora_down.weight", {2, 6}}}, "half a pair");
  expect_refused(with_more(down_up(kKohyaStem), {{kKohyaStem + ".alpha", {2}}}),
                 "expected one finite number");
  expect_refused({{kKohyaStem + ".lora_down.weight", {2, 6, 3, 3}},
                  {kKohyaStem + ".lora_up.weight", {4, 2, 1, 1}}},
                 "convolutions and stacked experts are not supported");
}

TEST_F(Kohya, AlphaZeroIsReadInTwoWaysElsewhere) {
  const auto zeros = [](std::size_t n) { return [n] { return std::vector<float>(n, 0.0F); }; };
  write_tensors(file_,
                {{kKohyaStem + ".lora_down.weight", {2, 6}, zeros(12)},
                 {kKohyaStem + ".lora_up.weight", {4, 2}, zeros(8)},
                 {kKohyaStem + ".alpha", {}, zeros(1)}},
                Dtype::f32, {});
  EXPECT_DND_ERROR(read_kohya_file(file_), ErrorKind::data, "alpha is 0, which kohya's loader");
}

// Ranks and scales stay as they are; alpha is F32 in a file of 16 bits.
TEST_F(Kohya, EveryPairKeepsItsRankAndScale) {
  const LoraAdapter adapter = short_adapter({1, 3}, {24.0, 0.1});
  write_kohya_file(file_, adapter, Dtype::bf16, OnExisting::refuse);
  const formats::SafetensorsFile file(file_);
  const std::string stem = "lora_unet_model_layers_1_self_attn_q_proj";
  EXPECT_EQ(file.at(stem + ".alpha").dtype, Dtype::f32);
  EXPECT_EQ(file.at(stem + ".alpha").shape, formats::Shape{});
  EXPECT_EQ(file.read_f32(stem + ".alpha"), std::vector<float>{static_cast<float>(0.1 * 3.0)});
  EXPECT_EQ(file.at(stem + ".lora_down.weight").dtype, Dtype::bf16);
  EXPECT_EQ(file.metadata(), (formats::Metadata{{"format", "pt"}}));
  const LoraAdapter back = read_kohya_file(file_);
  EXPECT_EQ(back.pairs[0].scale, 24.0);
  EXPECT_NEAR(back.pairs[1].scale, 0.1, 1e-8);
  EXPECT_EQ(back.pairs[1].rank, 3);
  EXPECT_EQ(back.dtype, Dtype::bf16);
}

TEST_F(Kohya, ScaleZeroIsWrittenAsZeros) {
  write_kohya_file(file_, short_adapter({2}, {0.0}), Dtype::f32, OnExisting::refuse);
  const LoraAdapter back = read_kohya_file(file_);
  EXPECT_EQ(back.pairs[0].scale, 1.0);
  EXPECT_EQ(back.pairs[0].b, std::vector<float>(8, 0.0F));
}

TEST_F(Kohya, ThePrefixIsTheOneReadOrTheComponents) {
  const auto written = [&](const LoraAdapter& adapter) {
    write_kohya_file(dir_ / "out.safetensors", adapter, Dtype::f32, OnExisting::replace);
    const std::string key = read_kohya_file(dir_ / "out.safetensors").pairs[0].key;
    return key.substr(0, key.find("model_layers"));
  };
  EXPECT_EQ(written(read(down_up("lora_te_model_layers"))), "lora_te_");
  EXPECT_EQ(written(read(down_up("lycoris_model_layers"))), "lycoris_");
  LoraAdapter adapter = short_adapter({1}, {1.0});
  EXPECT_EQ(written(adapter), "lora_unet_");
  adapter.metadata[kArchitectureKey] = "QwenImageTransformer2DModel";
  EXPECT_EQ(written(adapter), "lora_unet_");
  adapter.metadata[kArchitectureKey] = "FluxTransformer2DModel";
  EXPECT_EQ(written(adapter), "lora_transformer_");
  adapter.component = "text_encoder";
  EXPECT_EQ(written(adapter), "lora_te1_");
  adapter.component = "text_encoder_2";
  EXPECT_EQ(written(adapter), "lora_te2_");
}

TEST_F(Kohya, ToPeftAndBackWithTheBase) {
  const std::vector<std::string> modules = {"blocks.0.self_attn.q"};
  LoraAdapter adapter = read(down_up(kKohyaStem), modules);
  adapter.pairs[0].scale = 2.0;  // what PEFT keeps as alpha
  write_peft_folder(dir_ / "peft", adapter, {}, OnExisting::refuse);
  write_kohya_file(dir_ / "back.safetensors", read_lora(dir_ / "peft"), Dtype::f32,
                   OnExisting::refuse);
  const LoraAdapter back = read_kohya_file(dir_ / "back.safetensors", modules);
  EXPECT_EQ(back.pairs[0].key, kKohyaStem);
  EXPECT_EQ(back.pairs[0].scale, 2.0);
  EXPECT_EQ(product(back.pairs[0]), product(adapter.pairs[0]));
}

TEST_F(Kohya, WhatCannotBeWritten) {
  LoraAdapter adapter = short_adapter({1, 1}, {1.0, 1.0});
  const auto write = [&](const std::filesystem::path& path) {
    return write_kohya_file(path, adapter, Dtype::f32, OnExisting::replace);
  };
  testing::write_text(dir_ / "notes.txt", "mine");
  EXPECT_DND_ERROR(write(dir_ / "notes.txt"), ErrorKind::cannot_create,
                   "is not a kohya adapter; it will not be replaced");
  adapter.pairs[1].module = "model.layers_0.self_attn.q_proj";
  EXPECT_DND_ERROR(write(file_), ErrorKind::data,
                   "two modules become 'lora_unet_model_layers_0_self_attn_q_proj'");
  adapter.pairs[1].magnitude.assign(4, 1.0F);
  EXPECT_DND_ERROR(write(file_), ErrorKind::data, "has a DoRA magnitude");
  EXPECT_EQ(testing::names_in(dir_.path()), (std::vector<std::string>{"notes.txt"}));
}

}  // namespace
}  // namespace dnd::adapter
