#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "adapter/files/read_lora.h"
#include "adapter/lora.h"
#include "adapter/peft.h"
#include "support/checkpoint_writer.h"
#include "support/expect_error.h"
#include "support/golden.h"
#include "support/lora_files.h"
#include "support/temp_dir.h"

namespace dnd::adapter {
namespace {

namespace fs = std::filesystem;
using formats::SafetensorsFile;
using testing::data_path;
using testing::NamedShapes;
using testing::product;
using testing::TempDir;
using testing::write_safetensors;
using testing::write_text;

const std::string kStem = "base_model.model.model.layers.0.self_attn.q_proj";
const std::string kConfig = R"({"peft_type": "LORA", "r": 2, "lora_alpha": 6})";

class PeftReader : public ::testing::Test {
 protected:
  LoraAdapter read(const NamedShapes& tensors, const std::string& config = kConfig) const {
    write_safetensors(dir_ / kAdapterWeightsName, tensors);
    write_text(dir_ / kAdapterConfigName, config);
    return read_lora(dir_.path());
  }

  void expect_refused(const NamedShapes& tensors, const std::string& message,
                      const std::string& config = kConfig) const {
    EXPECT_DND_ERROR(read(tensors, config), ErrorKind::data, message);
  }

  TempDir dir_;
};

NamedShapes pair_of(const std::string& stem) {
  return {{stem + ".lora_A.weight", {2, 6}}, {stem + ".lora_B.weight", {4, 2}}};
}

NamedShapes pair_and(const std::string& name, const formats::Shape& shape) {
  NamedShapes tensors = pair_of(kStem);
  tensors.push_back({name, shape});
  return tensors;
}

// The largest distance of base + weight * product from `merged`, in units of the merged value: bf16
// rounding alone is at most 2^-9 to 2^-8.
double largest_deviation(const std::vector<float>& base, const std::vector<double>& product,
                         double weight, const std::vector<float>& merged) {
  double largest = 0.0;
  for (std::size_t i = 0; i < merged.size(); ++i) {
    const double value = static_cast<double>(base[i]) + weight * product[i];
    const double expected = static_cast<double>(merged[i]);
    largest = std::max(largest, std::abs(value - expected) / std::abs(expected));
  }
  return largest;
}

// Base, adapter and merged model (bf16) all by PEFT: what is read must be what PEFT added.
TEST_F(PeftReader, ProductsAreWhatPeftMerges) {
  for (const char* model : {"qwen2", "llama"}) {
    const fs::path folder = data_path(std::string("interop/") + model);
    const LoraAdapter adapter = read_lora(folder / "adapter");
    EXPECT_EQ(adapter.format, AdapterFormat::peft);
    EXPECT_EQ(adapter.base_model, std::string("example/") + model + "-tiny");
    EXPECT_EQ(adapter.metadata.at("format"), "pt");
    ASSERT_EQ(adapter.pairs.size(), 14U);
    const SafetensorsFile base(folder / "base/model.safetensors");
    const SafetensorsFile merged(folder / "merged_by_peft/model.safetensors");
    for (const LoraPair& pair : adapter.pairs) {
      EXPECT_EQ(pair.scale, 2.0);
      const std::vector<float> before = base.read_f32(pair.module + ".weight");
      const std::vector<float> after = merged.read_f32(pair.module + ".weight");
      EXPECT_LT(largest_deviation(before, product(pair), 1.0, after), 0.0040) << pair.module;
      EXPECT_GT(largest_deviation(before, product(pair), 0.5, after), 0.1) << pair.module;
    }
  }
}

TEST_F(PeftReader, TellsPairsApartAndFindsThem) {
  const LoraAdapter adapter = read(pair_of(kStem));
  ASSERT_EQ(adapter.pairs.size(), 1U);
  const LoraPair& pair = adapter.pairs[0];
  EXPECT_EQ(pair.module, "model.layers.0.self_attn.q_proj");
  EXPECT_EQ(pair.key, kStem);
  EXPECT_EQ(std::tuple(pair.rank, pair.in, pair.out, pair.scale), std::tuple(2, 6, 4, 3.0));
  EXPECT_EQ(pair.a, testing::short_values({2, 6}, 0));
  EXPECT_EQ(pair.b, testing::short_values({4, 2}, 1));
  EXPECT_EQ(adapter.find(pair.module), &pair);
  EXPECT_EQ(adapter.find("model.layers.1.self_attn.q_proj"), nullptr);
  EXPECT_FALSE(adapter.has_dora());
}

TEST_F(PeftReader, OtherSpellingsOfKeys) {
  for (const char* stem : {"base_model.model.a.q", "a.q"}) {
    const std::string s = stem;
    for (const NamedShapes& tensors :
         {pair_of(s), NamedShapes{{s + ".lora_A.default.weight", {2, 6}},
                                  {s + ".lora_B.default.weight", {4, 2}}}}) {
      const LoraAdapter adapter = read(tensors);
      EXPECT_EQ(adapter.pairs.at(0).module, "a.q");
      EXPECT_EQ(adapter.pairs.at(0).key, stem);
    }
  }
}

TEST_F(PeftReader, ReadsDoraMagnitudes) {
  const std::string config = R"({"peft_type": "LORA", "r": 2, "use_dora": true})";
  for (const char* ending : {"", ".weight", ".default", ".default.weight"}) {
    const LoraAdapter adapter =
        read(pair_and(kStem + ".lora_magnitude_vector" + ending, {4}), config);
    EXPECT_TRUE(adapter.has_dora());
    EXPECT_EQ(adapter.pairs.at(0).magnitude, testing::short_values({4}, 2));
  }
  expect_refused(pair_and(kStem + ".lora_magnitude_vector", {4}),
                 "has a lora_magnitude_vector, but adapter_config.json says use_dora false");
  expect_refused(pair_of(kStem), "has no lora_magnitude_vector, but", config);
  expect_refused(pair_and(kStem + ".lora_magnitude_vector", {6}), "shape [6], expected [4]",
                 config);
}

TEST_F(PeftReader, ElementTypes) {
  for (const Dtype dtype : {Dtype::f16, Dtype::bf16}) {
    write_safetensors(dir_ / kAdapterWeightsName, pair_of(kStem), {}, dtype);
    write_text(dir_ / kAdapterConfigName, kConfig);
    const LoraAdapter adapter = read_lora(dir_.path());
    EXPECT_EQ(adapter.dtype, dtype);
    EXPECT_EQ(adapter.pairs[0].a, testing::short_values({2, 6}, 0)) << "8 bits are exact in both";
  }
}

TEST_F(PeftReader, ReadsPicklesThatArePlainStateDicts) {
  const std::vector<testing::CheckpointEntry> entries = {
      {kStem + ".lora_A.weight", {2, 6}, testing::short_values({2, 6}, 0)},
      {kStem + ".lora_B.weight", {4, 2}, testing::short_values({4, 2}, 1)}};
  dir_.file(kAdapterPickleName, testing::checkpoint_bytes(entries));
  write_text(dir_ / kAdapterConfigName, kConfig);
  for (const fs::path& path : {dir_.path(), dir_ / kAdapterPickleName}) {
    const LoraAdapter adapter = read_lora(path);
    EXPECT_EQ(adapter.pairs.at(0).b, testing::short_values({4, 2}, 1));
    EXPECT_EQ(adapter.pairs.at(0).scale, 3.0);
  }
  dir_.file(kAdapterPickleName, "\x80\x02cos\nsystem\n(X\x02\0\0\0idtR.");
  EXPECT_DND_ERROR(read_lora(dir_.path()), ErrorKind::data, "not a file of torch.save");
  EXPECT_EQ(read(pair_of(kStem)).pairs.size(), 1U) << "safetensors come first";
}

TEST_F(PeftReader, AFileInAnAdapterFolderHasItsConfiguration) {
  read(pair_of(kStem));
  EXPECT_EQ(read_lora(dir_ / kAdapterWeightsName).pairs.at(0).scale, 3.0);
  fs::remove(dir_ / kAdapterConfigName);
  EXPECT_DND_ERROR(read_lora(dir_ / kAdapterWeightsName), ErrorKind::data,
                   "LoRA matrices without adapter_config.json: their alpha is unknown");
}

TEST_F(PeftReader, WholeModulesAreKeptForWhoJudges) {
  const std::string head = "base_model.model.lm_head.weight";
  const std::string norm = "base_model.model.model.norm.weight";
  const auto all = [&](const NamedShapes& tensors, const std::string& config) {
    write_safetensors(dir_ / kAdapterWeightsName, tensors);
    write_text(dir_ / kAdapterConfigName, config);
    return read_peft_folder(dir_.path(), Besides::keep);
  };
  EXPECT_EQ(all(pair_and(norm, {4}), kConfig).others, std::vector<std::string>{norm});
  const std::string saves =
      R"({"peft_type": "LORA", "r": 2, "lora_alpha": 6, "modules_to_save": ["lm_head"]})";
  const LoraAdapter alone = all({{head, {4, 6}}}, saves);
  EXPECT_TRUE(alone.pairs.empty());
  EXPECT_EQ(alone.others, std::vector<std::string>{head});
  EXPECT_DND_ERROR(all({{head, {4, 6}}}, kConfig), ErrorKind::data, "holds no LoRA matrices");
  EXPECT_DND_ERROR(read_lora(dir_.path()), ErrorKind::data, "saved by modules_to_save");
}

TEST_F(PeftReader, WhatWouldBeDroppedIsRefused) {
  const auto with = [](const std::string& name) { return pair_and(name, {4}); };
  expect_refused({{kStem + ".lora_A.weight", {2, 6}}}, "has no lora_B beside it: half a pair");
  expect_refused({{kStem + ".lora_B.weight", {4, 2}}}, "has no lora_A beside it: half a pair");
  expect_refused(with("base_model.model.x.lora_magnitude_vector"), "has no lora_A beside it");
  expect_refused(with("base_model.model.model.embed_tokens.lora_embedding_A"),
                 "LoRA of an embedding is not supported");
  expect_refused(with(kStem + ".lora_B.bias"), "a LoRA bias (lora_bias) is not supported");
  expect_refused(with("base_model.model.lm_head.weight"), "saved by modules_to_save");
  expect_refused(with(kStem + ".bias"), "a trained bias");
  expect_refused(with(kStem + ".lora_E"), "an unknown kind of LoRA tensor");
  expect_refused(with("lora_unet_x.lora_down.weight"),
                 "lora_up and lora_down are read behind lora_unet_");
  expect_refused(with("x.lora_a"), "an MLX name");
  expect_refused(with(kStem + ".alpha"), "an alpha tensor (the configuration file holds alpha)");
  expect_refused(with(".lora_A.weight"), "an unknown kind of LoRA tensor");
  expect_refused({}, "holds no LoRA matrices");
  expect_refused(pair_and(kStem + ".lora_A.other.weight", {2, 6}),
                 "are of the same module: more than one adapter in the file");
}

TEST_F(PeftReader, ShapesMustFitOneAnotherAndTheConfiguration) {
  const auto refused = [&](const formats::Shape& a, const formats::Shape& b, const char* message) {
    expect_refused({{kStem + ".lora_A.weight", a}, {kStem + ".lora_B.weight", b}}, message);
  };
  refused({2, 6}, {4, 3}, "lora_A [2, 6] and lora_B [4, 3]: expected (rank, in) and (out, rank)");
  refused({6, 2}, {2, 4}, "(transposed, as MLX stores them?)");
  refused({2, 6, 1, 1}, {4, 2, 1, 1}, "convolutions and stacked experts are not supported");
  refused({12}, {4, 2}, "expected (rank, in) and (out, rank)");
  refused({0, 6}, {4, 0}, "none of them 0");
  refused({3, 6}, {4, 3}, "rank 3, but adapter_config.json says 2 (r or rank_pattern)");
  const std::string pattern =
      R"({"peft_type": "LORA", "r": 8, "rank_pattern": {"q_proj": 2}, "lora_alpha": 8})";
  EXPECT_EQ(read(pair_of(kStem), pattern).pairs[0].scale, 4.0);
}

TEST_F(PeftReader, PathsThatAreNoAdapters) {
  EXPECT_DND_ERROR(read_lora(dir_ / "none"), ErrorKind::no_input, "none: not found");
  EXPECT_DND_ERROR(read_lora(dir_.path()), ErrorKind::data, "holds neither adapter_config.json");
  write_text(dir_ / kAdapterConfigName, kConfig);
  EXPECT_DND_ERROR(read_lora(dir_.path()), ErrorKind::no_input, kAdapterWeightsName);
  write_text(dir_ / kAdapterConfigName, R"({"r": 2})");
  EXPECT_DND_ERROR(read_lora(dir_.path()), ErrorKind::data, "key 'peft_type' is missing");
  write_safetensors(dir_ / "a\x1b[31m.safetensors", {{"x\x1b[31m.weight", {1}}});
  EXPECT_DND_ERROR(read_lora(dir_ / "a\x1b[31m.safetensors"), ErrorKind::data,
                   "tensor 'x\\x1b[31m.weight': no LoRA matrix");
}

}  // namespace
}  // namespace dnd::adapter
