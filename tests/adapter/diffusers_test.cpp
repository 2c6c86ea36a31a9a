#include "adapter/diffusers.h"

#include <gtest/gtest.h>

#include <limits>

#include "adapter/files/read_lora.h"
#include "adapter/peft.h"
#include "support/expect_error.h"
#include "support/golden.h"
#include "support/lora_files.h"
#include "support/temp_dir.h"

namespace dnd::adapter {
namespace {

using formats::Metadata;
using testing::NamedShapes;
using testing::product;
using testing::short_adapter;
using testing::TempDir;
using testing::write_safetensors;
using testing::write_text;

const std::string kBlockStem = "transformer.transformer_blocks.0.attn.to_q";

NamedShapes ranked_pair(const std::string& stem, std::int64_t rank = 2) {
  return {{stem + ".lora_A.weight", {rank, 6}}, {stem + ".lora_B.weight", {4, rank}}};
}

NamedShapes both(NamedShapes first, const NamedShapes& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

class Diffusers : public ::testing::Test {
 protected:
  LoraAdapter read(const NamedShapes& tensors, const std::string& config = "") const {
    Metadata metadata = {{"format", "pt"}};
    if (!config.empty()) metadata["lora_adapter_metadata"] = config;
    write_safetensors(file_, tensors, metadata);
    return read_lora(file_);
  }

  void expect_refused(const NamedShapes& tensors, const std::string& message,
                      const std::string& config = "") const {
    EXPECT_DND_ERROR(read(tensors, config), ErrorKind::data, message);
  }

  TempDir dir_;
  std::filesystem::path file_ = dir_ / kDiffusersWeightsName;
};

TEST_F(Diffusers, WithoutAlphaTheScaleIsOneWhateverTheRank) {
  const LoraAdapter adapter =
      read(both(ranked_pair(kBlockStem), ranked_pair("transformer.single.0.proj_mlp", 3)));
  EXPECT_EQ(adapter.format, AdapterFormat::diffusers);
  ASSERT_EQ(adapter.pairs.size(), 2U);
  for (const LoraPair& pair : adapter.pairs) EXPECT_EQ(pair.scale, 1.0);
  const LoraPair* pair = adapter.find("transformer_blocks.0.attn.to_q");
  ASSERT_NE(pair, nullptr);
  EXPECT_EQ(pair->key, kBlockStem);
  EXPECT_EQ(pair->a, testing::short_values({2, 6}, 0));
  EXPECT_EQ(read_lora(dir_.path()).pairs.size(), 2U) << "the folder, by the file's usual name";
  EXPECT_EQ(read(ranked_pair("text_encoder.layers.0.q")).pairs[0].module, "layers.0.q");
}

TEST_F(Diffusers, TheHeaderTellsRankAndAlpha) {
  const std::string config = R"({"transformer.r": 4, "transformer.lora_alpha": 8,
      "transformer.rank_pattern": {"to_q": 2}, "transformer.alpha_pattern": {"to_q": 3},
      "text_encoder.lora_bias": true, "transformer.target_modules": ["to_q", "to_k"]})";
  const LoraAdapter adapter =
      read(both(ranked_pair(kBlockStem), ranked_pair("transformer.x.to_k", 4)), config);
  EXPECT_EQ(adapter.find("transformer_blocks.0.attn.to_q")->scale, 1.5);
  EXPECT_EQ(adapter.find("x.to_k")->scale, 2.0);
  expect_refused(ranked_pair(kBlockStem, 3), "rank 3, but lora_adapter_metadata says 2", config);
  expect_refused(ranked_pair("text_encoder.x.to_q", 8), "'lora_bias' is set", config);
  expect_refused(ranked_pair("unet.x.to_q", 8), "says nothing about 'unet.'", config);
  expect_refused(ranked_pair(kBlockStem), "lora_adapter_metadata: not valid JSON", "{");
  expect_refused(ranked_pair(kBlockStem), "lora_adapter_metadata: expected an object", "[]");
}

TEST_F(Diffusers, AlphaTensorsOfFlux) {
  const NamedShapes with_alpha = both(ranked_pair(kBlockStem), {{kBlockStem + ".alpha", {}}});
  const double alpha = static_cast<double>(testing::short_values({}, 2)[0]);
  EXPECT_EQ(read(with_alpha).pairs[0].scale, alpha / 2.0);
  expect_refused(with_alpha, "and the header entry lora_adapter_metadata both tell alpha",
                 R"({"transformer.r": 2})");
  expect_refused(both(with_alpha, ranked_pair("transformer.x.to_k")),
                 "module 'transformer.x.to_k' has no alpha tensor, others have");
  expect_refused(both(ranked_pair(kBlockStem), {{kBlockStem + ".alpha", {2}}}),
                 "expected one finite number");
  expect_refused(both(ranked_pair(kBlockStem), {{"transformer.other.alpha", {}}}),
                 "has no lora_A beside it");
}

TEST_F(Diffusers, WhatIsNotOneModelIsRefused) {
  expect_refused(both(ranked_pair(kBlockStem), ranked_pair("text_encoder.layers.0.q")),
                 "holds LoRA for two components");
  expect_refused(both(ranked_pair(kBlockStem), ranked_pair("base_model.model.x")),
                 "belongs to no component (transformer., text_encoder., ...), others do");
  expect_refused(both(ranked_pair(kBlockStem), {{kBlockStem + ".lora_B.bias", {4}}}),
                 "a LoRA bias");
  EXPECT_DND_ERROR(read(ranked_pair("double_blocks.0.q")), ErrorKind::data,
                   "LoRA matrices without adapter_config.json");
}

// One rank, scale folded, alpha = r in the header, full paths: what every reader takes alike.
TEST_F(Diffusers, WritesWhatEveryReaderTakesAlike) {
  LoraAdapter adapter = short_adapter({1, 2}, {2.0, 0.5});
  adapter.metadata = {{"dnd.seed", "1"}, {"other", "x"}};
  const WrittenFile written =
      write_diffusers_file(dir_ / "out.safetensors", adapter, Dtype::f32, OnExisting::refuse);
  const formats::SafetensorsFile file(dir_ / "out.safetensors");
  EXPECT_EQ(written.bytes, std::filesystem::file_size(file.path()));
  EXPECT_EQ(file.metadata(),
            (Metadata{{"format", "pt"},
                      {"dnd.seed", "1"},
                      {"lora_adapter_metadata",
                       R"({"transformer.lora_alpha":2,"transformer.r":2,)"
                       R"("transformer.target_modules":["model.layers.0.self_attn.q_proj",)"
                       R"("model.layers.1.self_attn.q_proj"]})"}}));
  EXPECT_EQ(file.at("transformer.model.layers.0.self_attn.q_proj.lora_A.weight").shape,
            (formats::Shape{2, 6}));
  const LoraAdapter back = read_lora(file.path());
  for (const LoraPair& pair : adapter.pairs) {
    EXPECT_EQ(back.find(pair.module)->scale, 1.0);
    EXPECT_EQ(product(*back.find(pair.module)), product(pair));
  }
}

TEST_F(Diffusers, KeepsTheComponent) {
  const LoraAdapter adapter = read(ranked_pair("text_encoder.layers.0.q"));
  EXPECT_EQ(diffusers_component(adapter), "text_encoder");
  write_diffusers_file(file_, adapter, Dtype::f32, OnExisting::replace);
  EXPECT_EQ(read_lora(file_).pairs[0].key, "text_encoder.layers.0.q");
  EXPECT_EQ(diffusers_component(short_adapter({1}, {1.0})), "transformer");
}

TEST_F(Diffusers, ToPeftAndBack) {
  const LoraAdapter adapter =
      read(both(ranked_pair(kBlockStem), ranked_pair("transformer.b.to_out.0")));
  write_peft_folder(dir_ / "peft", adapter, {}, OnExisting::refuse);
  const Json config = read_json_file(dir_ / "peft" / kAdapterConfigName, "config");
  EXPECT_EQ(config["target_modules"], Json({"to_out.0", "to_q"}));
  EXPECT_TRUE(config["task_type"].is_null());
  const LoraAdapter back = read_lora(dir_ / "peft");
  for (const LoraPair& pair : adapter.pairs) {
    EXPECT_EQ(product(*back.find(pair.module)), product(pair));
  }
}

TEST_F(Diffusers, WhatCannotBeWritten) {
  LoraAdapter adapter = short_adapter({1}, {1.0});
  const auto write = [&](const std::filesystem::path& path, Dtype dtype = Dtype::f32) {
    return write_diffusers_file(path, adapter, dtype, OnExisting::replace);
  };
  write_text(dir_ / "notes.txt", "mine");
  EXPECT_DND_ERROR(write(dir_ / "notes.txt"), ErrorKind::cannot_create,
                   "is not a diffusers adapter; it will not be replaced");
  adapter.pairs[0].b[1] = std::numeric_limits<float>::infinity();
  EXPECT_DND_ERROR(write(file_), ErrorKind::data, "lora_B.weight': value inf at position 1");
  adapter.pairs[0].b[1] = 60000.0F;
  adapter.pairs[0].scale = 2.0;
  EXPECT_DND_ERROR(write(file_, Dtype::f16), ErrorKind::data, "choose another --adapter-dtype");
  adapter.pairs[0].magnitude.assign(4, 1.0F);
  EXPECT_DND_ERROR(write(file_), ErrorKind::data, "has a DoRA magnitude");
  EXPECT_EQ(testing::names_in(dir_.path()), (std::vector<std::string>{"notes.txt"}));
}

}  // namespace
}  // namespace dnd::adapter
