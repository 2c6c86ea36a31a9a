#include "adapter/diffusion_model.h"

#include <gtest/gtest.h>

#include "adapter/files/read_lora.h"
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

const std::string kModelStem = "diffusion_model.blocks.0.self_attn.q";

NamedShapes pair_named(const std::string& stem, const std::string& a, const std::string& b) {
  return {{stem + a, {2, 6}}, {stem + b, {4, 2}}};
}

NamedShapes pair_ab(const std::string& stem) {
  return pair_named(stem, ".lora_A.weight", ".lora_B.weight");
}

NamedShapes adding(NamedShapes tensors, const std::string& name, const formats::Shape& shape) {
  tensors.emplace_back(name, shape);
  return tensors;
}

class DiffusionModel : public ::testing::Test {
 protected:
  LoraAdapter read(const NamedShapes& tensors) const {
    write_safetensors(file_, tensors);
    return read_lora(file_);
  }

  TempDir dir_;
  std::filesystem::path file_ = dir_ / "style.safetensors";
};

TEST_F(DiffusionModel, BothSpellingsOfAPair) {
  for (const NamedShapes& tensors :
       {pair_ab(kModelStem), pair_named(kModelStem, ".lora_down.weight", ".lora_up.weight"),
        pair_named(kModelStem, ".lora_A.default.weight", ".lora_B.default.weight")}) {
    const LoraAdapter adapter = read(tensors);
    EXPECT_EQ(adapter.format, AdapterFormat::diffusion_model);
    EXPECT_EQ(adapter.component, "transformer");
    EXPECT_FALSE(adapter.flat_names);
    EXPECT_EQ(adapter.down_and_up, tensors[0].first.find("lora_down") != std::string::npos);
    ASSERT_EQ(adapter.pairs.size(), 1U);
    EXPECT_EQ(adapter.pairs[0].module, "blocks.0.self_attn.q");
    EXPECT_EQ(adapter.pairs[0].key, kModelStem);
    EXPECT_EQ(adapter.pairs[0].scale, 1.0);
    EXPECT_EQ(adapter.pairs[0].a, testing::short_values({2, 6}, 0));
    EXPECT_EQ(adapter.pairs[0].b, testing::short_values({4, 2}, 1));
  }
  EXPECT_EQ(read(pair_ab("diffusion_model.input_blocks.4.1.proj_in")).component, "unet");
}

TEST_F(DiffusionModel, AlphaByRankIsTheScale) {
  const LoraAdapter adapter = read(adding(pair_ab(kModelStem), kModelStem + ".alpha", {}));
  EXPECT_EQ(adapter.pairs[0].scale, static_cast<double>(testing::short_values({}, 2)[0]) / 2.0);
}

TEST_F(DiffusionModel, WhatIsNoLoraOfTheModelIsRefused) {
  const auto refused = [&](const NamedShapes& tensors, const std::string& message) {
    EXPECT_DND_ERROR(read(tensors), ErrorKind::data, message);
  };
  NamedShapes two = pair_ab(kModelStem);
  for (const auto& tensor : pair_ab("text_encoders.clip.x")) two.push_back(tensor);
  refused(two, "does not begin with 'diffusion_model.', others do");
  refused(adding(pair_ab(kModelStem), kModelStem + ".diff_b", {4}),
          "holds differences of biases (diff_b)");
  refused(adding(pair_ab(kModelStem), kModelStem + ".lora_B.bias", {4}), "a LoRA bias");
  refused({{kModelStem + ".lokr_w1", {2, 2}}}, "holds LoKr");
  NamedShapes twice = pair_ab(kModelStem);
  for (const auto& tensor : pair_named(kModelStem, ".lora_down.weight", ".lora_up.weight")) {
    twice.push_back(tensor);
  }
  refused(twice, "are of the same module");
  refused(pair_named("blocks.0.q", ".lora_down.weight", ".lora_up.weight"),
          "lora_up and lora_down are read behind lora_unet_ and diffusion_model. only");
}

// Without alpha, which some readers pass over: one rank, the scale in B.
TEST_F(DiffusionModel, WritesWhatEveryReaderTakesAlike) {
  LoraAdapter adapter = short_adapter({1, 2}, {2.0, 0.5});
  adapter.metadata = {{"dnd.seed", "1"}, {"other", "x"}};
  write_diffusion_model_file(file_, adapter, Dtype::f32, OnExisting::refuse);
  const formats::SafetensorsFile file(file_);
  EXPECT_EQ(file.tensors().size(), 4U);
  EXPECT_EQ(file.metadata(), (formats::Metadata{{"format", "pt"}, {"dnd.seed", "1"}}));
  EXPECT_EQ(file.at("diffusion_model.model.layers.0.self_attn.q_proj.lora_A.weight").shape,
            (formats::Shape{2, 6}));
  const LoraAdapter back = read_lora(file_);
  for (const LoraPair& pair : adapter.pairs) {
    EXPECT_EQ(back.find(pair.module)->scale, 1.0);
    EXPECT_EQ(product(*back.find(pair.module)), product(pair));
  }
}

TEST_F(DiffusionModel, WhatCannotBeWritten) {
  LoraAdapter adapter = short_adapter({1}, {1.0});
  const auto write = [&](const std::filesystem::path& path) {
    return write_diffusion_model_file(path, adapter, Dtype::f32, OnExisting::replace);
  };
  testing::write_text(dir_ / "notes.txt", "mine");
  EXPECT_DND_ERROR(write(dir_ / "notes.txt"), ErrorKind::cannot_create,
                   "is not a diffusion_model adapter; it will not be replaced");
  adapter.component = "text_encoder_2";
  EXPECT_DND_ERROR(write(file_), ErrorKind::data, "is for 'text_encoder_2', but a diffusion_model");
  adapter.component.clear();
  adapter.pairs[0].magnitude.assign(4, 1.0F);
  EXPECT_DND_ERROR(write(file_), ErrorKind::data, "has a DoRA magnitude");
  EXPECT_EQ(testing::names_in(dir_.path()), (std::vector<std::string>{"notes.txt"}));
}

}  // namespace
}  // namespace dnd::adapter
