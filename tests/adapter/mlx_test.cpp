#include "adapter/mlx.h"

#include <gtest/gtest.h>

#include "adapter/files/read_lora.h"
#include "adapter/peft.h"
#include "support/expect_error.h"
#include "support/golden.h"
#include "support/lora_files.h"
#include "support/temp_dir.h"

namespace dnd::adapter {
namespace {

using testing::NamedShapes;
using testing::product;
using testing::short_adapter;
using testing::TempDir;
using testing::write_safetensors;
using testing::write_text;

const std::string kModule = "model.layers.0.self_attn.q_proj";
const std::string kMlxConfig =
    R"({"fine_tune_type": "lora", "num_layers": -1,
        "lora_parameters": {"rank": 2, "scale": 20.0, "dropout": 0.0, "keys": ["self_attn.q_proj"]}})";

class Mlx : public ::testing::Test {
 protected:
  LoraAdapter read(const NamedShapes& tensors, const std::string& config = kMlxConfig) const {
    write_safetensors(dir_ / kMlxWeightsName, tensors);
    write_text(dir_ / kAdapterConfigName, config);
    return read_lora(dir_.path());
  }

  void expect_refused(const NamedShapes& tensors, const std::string& message,
                      const std::string& config = kMlxConfig) const {
    EXPECT_DND_ERROR(read(tensors, config), ErrorKind::data, message);
  }

  WrittenFile write(const LoraAdapter& adapter, Dtype dtype = Dtype::f32) const {
    return write_mlx_folder(dir_ / "out", adapter, dtype, OnExisting::replace);
  }

  TempDir dir_;
};

const NamedShapes kPair = {{kModule + ".lora_a", {6, 2}}, {kModule + ".lora_b", {2, 4}}};

TEST_F(Mlx, ReadsTransposedMatrices) {
  const LoraAdapter adapter = read(kPair);
  EXPECT_EQ(adapter.format, AdapterFormat::mlx);
  ASSERT_EQ(adapter.pairs.size(), 1U);
  const LoraPair& pair = adapter.pairs[0];
  EXPECT_EQ(pair.module, kModule);
  EXPECT_EQ(std::tuple(pair.rank, pair.in, pair.out, pair.scale), std::tuple(2, 6, 4, 20.0));
  const std::vector<float> a = testing::short_values({6, 2}, 0);
  const std::vector<float> b = testing::short_values({2, 4}, 1);
  for (std::size_t r = 0; r < 2; ++r) {
    for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(pair.a[r * 6 + i], a[i * 2 + r]);
    for (std::size_t o = 0; o < 4; ++o) EXPECT_EQ(pair.b[o * 2 + r], b[r * 4 + o]);
  }
  EXPECT_EQ(read_lora(dir_ / kMlxWeightsName).pairs.size(), 1U);
}

// docs/formats.md, "MLX": names, shapes and keys of the configuration.
TEST_F(Mlx, WritesTheLayoutOfMlxLm) {
  LoraAdapter adapter = short_adapter({2, 2}, {2.0, 2.0});
  adapter.base_model = "example/base";
  adapter.metadata["dnd.seed"] = "3";
  const WrittenFile written = write(adapter, Dtype::bf16);
  EXPECT_EQ(testing::names_in(dir_ / "out"),
            (std::vector<std::string>{"adapter_config.json", "adapters.safetensors"}));
  EXPECT_EQ(read_text_file(dir_ / "out" / kAdapterConfigName, 4096), R"({
  "fine_tune_type": "lora",
  "lora_parameters": {
    "dropout": 0.0,
    "keys": [
      "self_attn.q_proj"
    ],
    "rank": 2,
    "scale": 2.0
  },
  "model": "example/base",
  "num_layers": -1
}
)");
  const formats::SafetensorsFile file(dir_ / "out" / kMlxWeightsName);
  EXPECT_EQ(written.bytes, std::filesystem::file_size(file.path()));
  EXPECT_EQ(file.tensors().size(), 4U);
  EXPECT_EQ(file.at(kModule + ".lora_a").shape, (formats::Shape{6, 2}));
  EXPECT_EQ(file.at(kModule + ".lora_b").shape, (formats::Shape{2, 4}));
  EXPECT_EQ(file.at(kModule + ".lora_b").dtype, Dtype::bf16);
  EXPECT_EQ(file.metadata(), (formats::Metadata{{"format", "mlx"}, {"dnd.seed", "3"}}));
  EXPECT_EQ(file.read_f32(kModule + ".lora_a")[1], adapter.pairs[0].a[6]);
}

TEST_F(Mlx, OneRankAndOneScaleForAll) {
  const LoraAdapter adapter = short_adapter({1, 3, 2}, {0.3, 0.6, 0.3});
  write(adapter);
  const LoraAdapter back = read_lora(dir_ / "out");
  for (const LoraPair& pair : adapter.pairs) {
    const LoraPair* found = back.find(pair.module);
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->rank, 3);
    EXPECT_EQ(found->scale, 0.3) << "the commonest, any number";
    EXPECT_LT(testing::relative_rms(std::span<const double>(product(*found)),
                                    std::span<const double>(product(pair))),
              1e-12)
        << "0.6 is 0.3 times a power of two";
  }
}

TEST_F(Mlx, FromPeftAndBackEveryBitStays) {
  for (const char* model : {"qwen2", "llama"}) {
    const auto folder = testing::data_path(std::string("interop/") + model + "/adapter");
    const LoraAdapter theirs = read_lora(folder);
    write(theirs);
    write_peft_folder(dir_ / "peft", read_lora(dir_ / "out"), {}, OnExisting::replace);
    const LoraAdapter back = read_lora(dir_ / "peft");
    ASSERT_EQ(back.pairs.size(), theirs.pairs.size());
    for (const LoraPair& pair : theirs.pairs) {
      EXPECT_EQ(back.find(pair.module)->a, pair.a);
      EXPECT_EQ(back.find(pair.module)->b, pair.b);
      EXPECT_EQ(back.find(pair.module)->scale, pair.scale);
    }
  }
}

TEST_F(Mlx, WhatMlxCannotHoldIsRefused) {
  LoraAdapter adapter = short_adapter({2}, {1.0});
  adapter.pairs[0].magnitude = {1.0F, 1.0F, 1.0F, 1.0F};
  EXPECT_DND_ERROR(write(adapter), ErrorKind::data, "has a DoRA magnitude, which MLX cannot hold");
  adapter.pairs[0].magnitude.clear();
  for (const char* module : {"lm_head", "model.layers.x.q", "model.layers.0", "mylayers.0.q"}) {
    adapter.pairs[0].module = module;
    EXPECT_DND_ERROR(write(adapter), ErrorKind::data, "is in no layer (layers.N)");
  }
  EXPECT_FALSE(std::filesystem::exists(dir_ / "out"));
  adapter.pairs[0].module = "layers.0.q";
  EXPECT_NO_THROW(write(adapter));
  write_text(dir_ / "file", "x");
  EXPECT_DND_ERROR(write_mlx_folder(dir_ / "file", adapter, Dtype::f32, OnExisting::replace),
                   ErrorKind::cannot_create, "is not an MLX adapter");
}

TEST_F(Mlx, TensorsThatDoNotFitAreRefused) {
  const auto shaped = [](const formats::Shape& a, const formats::Shape& b) {
    return NamedShapes{{kModule + ".lora_a", a}, {kModule + ".lora_b", b}};
  };
  expect_refused(shaped({2, 6}, {4, 2}), "expected (in, rank) and (rank, out)");
  expect_refused(shaped({3, 6, 2}, {3, 2, 4}), "expected (in, rank) and (rank, out)");
  expect_refused(shaped({6, 3}, {3, 4}), "rank 3, but adapter_config.json says 2");
  expect_refused({{kModule + ".lora_a", {6, 2}}}, "lora_b is missing: half a pair");
  expect_refused({{kModule + ".lora_b", {2, 4}}}, "lora_a is missing: half a pair");
  expect_refused({{kModule + ".m", {4}}}, "expected NAME.lora_a or NAME.lora_b");
  expect_refused({{".lora_a", {4}}}, "expected NAME.lora_a");
  expect_refused({}, "holds no LoRA matrices");
  expect_refused({{"model.layers.0.mlp.up_proj.lora_a", {6, 2}},
                  {"model.layers.0.mlp.up_proj.lora_b", {2, 4}}},
                 "not among 'keys' of adapter_config.json");
}

TEST_F(Mlx, ConfigurationsThatAreRefused) {
  expect_refused(kPair, "'fine_tune_type' is 'dora', only lora is supported",
                 R"({"fine_tune_type": "dora", "lora_parameters": {"rank": 2, "scale": 1}})");
  expect_refused(kPair, "key 'lora_parameters' is missing", R"({"fine_tune_type": "lora"})");
  expect_refused(kPair, "key 'scale' is missing", R"({"lora_parameters": {"rank": 2}})");
  expect_refused(kPair, "'rank': expected an integer",
                 R"({"lora_parameters": {"rank": 0, "scale": 1}})");
  expect_refused(kPair, "'keys' holds no strings",
                 R"({"lora_parameters": {"rank": 2, "scale": 1, "keys": [1]}})");
  EXPECT_EQ(read(kPair, R"({"lora_parameters": {"rank": 2, "scale": 1}})").pairs.size(), 1U);
  std::filesystem::remove(dir_ / kMlxWeightsName);
  EXPECT_DND_ERROR(read_lora(dir_.path()), ErrorKind::no_input, kMlxWeightsName);
}

// MLX-LM keeps earlier states of a training beside the last one.
TEST_F(Mlx, ReadsAnIterationByTheConfigurationBesideIt) {
  const auto iteration = dir_ / "0000100_adapters.safetensors";
  write_safetensors(iteration, kPair);
  EXPECT_DND_ERROR(read_lora(iteration), ErrorKind::data,
                   "its adapter_config.json must lie beside");
  write_text(dir_ / kAdapterConfigName, kMlxConfig);
  const LoraAdapter adapter = read_lora(iteration);
  EXPECT_EQ(adapter.format, AdapterFormat::mlx);
  EXPECT_EQ(adapter.pairs.at(0).module, kModule);
  EXPECT_EQ(adapter.pairs[0].scale, 20.0);
  EXPECT_FALSE(is_mlx_iteration(dir_ / kMlxWeightsName));
  EXPECT_FALSE(is_mlx_iteration(dir_ / "my_adapters.safetensors"));
}

}  // namespace
}  // namespace dnd::adapter
