// The decoder against the official code (golden data).
#include "nn/hyperconv_decoder.h"

#include <ATen/ops/equal.h>
#include <ATen/ops/flip.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/ones.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "adapter/weight_codec.h"
#include "base/strings.h"
#include "bundle/write_bundle.h"
#include "nn/torch_decoder.h"
#include "support/expect_error.h"
#include "support/golden.h"
#include "support/temp_dir.h"
#include "support/tensors.h"

namespace dnd::nn {
namespace {

using testing::data_path;
using testing::relative_rms;
using testing::values_of;

// One golden case, imported from its official checkpoint.
class GoldenDecoder : public ::testing::TestWithParam<const char*> {
 protected:
  GoldenDecoder()
      : io_(data_path(cat("decoder/", GetParam(), "/io.safetensors"))),
        config_(import(GetParam(), temp_ / "bundle")),
        decoder_(config_,
                 formats::SafetensorsFile(temp_ / "bundle" / bundle::kDecoderWeightsName)) {}

  static bundle::GeneratorConfig import(const std::string& name, const std::filesystem::path& out,
                                        Dtype dtype = Dtype::f32) {
    bundle::ImportOptions options;
    options.dtype = dtype;
    options.layout = adapter::read_layout_file(data_path("decoder/layout.json"));
    return bundle::import_checkpoint(data_path("decoder/" + name + "/decoder.pth"), out, options,
                                     OnExisting::refuse, {});
  }

  at::Tensor condition() {
    values_ = io_.read_f32("condition");
    return at::from_blob(values_.data(), io_.at("condition").shape, at::kFloat);
  }

  at::Tensor tokens(int threads, ops::Precision precision, const LayerObserver& observer = {}) {
    const ops::Workers workers(threads);
    const at::Tensor projected = decoder_.project(workers, condition(), precision);
    return decoder_.forward(workers, {projected}, precision, observer).select(0, 0);
  }

  double error_to_fp64(std::span<const float> values) const {
    const auto truth = testing::read_wide<double>(io_, "tokens_fp64");
    return relative_rms(values, std::span<const double>(truth));
  }

  const c10::InferenceMode inference_;
  testing::TempDir temp_;
  formats::SafetensorsFile io_;
  bundle::GeneratorConfig config_;
  HyperConvDecoder decoder_;
  std::vector<float> values_;
};

TEST_P(GoldenDecoder, EveryLayerEqualsTheOfficialCode) {
  std::size_t layers = 0;
  tokens(2, ops::Precision::exact, [&](std::size_t layer, const at::Tensor& output) {
    const std::string name = cat("layer.", layer);
    EXPECT_EQ(output.select(0, 0).sizes().vec(), io_.at(name).shape);
    const std::vector<float> expected = io_.read_f32(name);
    EXPECT_LT(relative_rms(values_of(output), std::span<const float>(expected)), 2e-6) << name;
    ++layers;
  });
  EXPECT_EQ(layers, config_.features.size() - 1);
}

TEST_P(GoldenDecoder, TokensAreAsCloseToFp64AsTheOfficialFp32) {
  const at::Tensor output = tokens(2, ops::Precision::exact);
  const std::vector<float> official = io_.read_f32("tokens_fp32");
  EXPECT_LT(relative_rms(values_of(output), std::span<const float>(official)), 2e-6);
  EXPECT_LE(error_to_fp64(values_of(output)), 2.0 * error_to_fp64(official));
}

TEST_P(GoldenDecoder, Bf16IsNoWorseThanTheOfficialAutocast) {
  const at::Tensor output = tokens(2, ops::Precision::bf16);
  const std::vector<float> official = io_.read_f32("tokens_bf16_autocast");
  EXPECT_LE(error_to_fp64(values_of(output)), error_to_fp64(official));
  EXPECT_GT(error_to_fp64(values_of(output)), 1e-4);  // it does round
}

// What a GPU runs with LibTorch's own operations, on the CPU.
TEST_P(GoldenDecoder, LibTorchsOwnOperations) {
  const TorchDecoder decoder(
      config_, formats::SafetensorsFile(temp_ / "bundle" / bundle::kDecoderWeightsName), at::kCPU);
  const ops::Workers workers(2);
  const at::Tensor golden = decoder_.project(workers, condition(), ops::Precision::exact);
  std::size_t calls = 0;
  const auto tokens = [&](ops::Precision precision) {
    const auto on_done = [&](std::size_t done, std::size_t all) {
      EXPECT_EQ(done, ++calls);
      EXPECT_EQ(all, 2U);
    };
    calls = 0;
    return decoder.forward({golden.mul(1e3), golden}, precision, on_done).select(0, 1);
  };
  const std::vector<float> official = io_.read_f32("tokens_fp32");
  EXPECT_LT(
      relative_rms(values_of(tokens(ops::Precision::exact)), std::span<const float>(official)),
      1e-5);
  EXPECT_EQ(calls, 2U);
  const double official_bf16 = error_to_fp64(io_.read_f32("tokens_bf16_autocast"));
  EXPECT_NEAR(error_to_fp64(values_of(tokens(ops::Precision::bf16))) / official_bf16, 1.0, 0.2);
  EXPECT_DND_ERROR(decoder.forward({golden.flatten()}, ops::Precision::exact, {}), ErrorKind::data,
                   "the first layer takes");
}

// Weights in half precision lose less than a fifth of what the official autocast does, and are read as
// the numbers they are: a bundle of these numbers in fp32 gives the same bytes.
TEST_P(GoldenDecoder, WeightsInFp16) {
  const auto folder = temp_ / "half";
  const bundle::GeneratorConfig config = import(GetParam(), folder, Dtype::f16);
  const HyperConvDecoder half(config,
                              formats::SafetensorsFile(folder / bundle::kDecoderWeightsName));
  const WeightStore weights(folder / bundle::kDecoderWeightsName);
  bundle::GeneratorConfig full_config = config;
  full_config.weights_dtype = Dtype::f32;
  const auto values = [&](const bundle::ParameterSpec& parameter) {
    const at::Tensor tensor = weights.get(parameter.name, parameter.shape);
    return std::vector<float>(values_of(tensor).begin(), values_of(tensor).end());
  };
  full_config = bundle::write_trained(full_config, values, temp_ / "full", OnExisting::refuse);
  const HyperConvDecoder full(
      full_config, formats::SafetensorsFile(temp_ / "full" / bundle::kDecoderWeightsName));
  const ops::Workers workers(2);
  const auto decode = [&](const HyperConvDecoder& decoder, ops::Precision precision) {
    return decoder.forward(workers, {decoder.project(workers, condition(), precision)}, precision);
  };
  for (const auto precision : {ops::Precision::exact, ops::Precision::bf16}) {
    EXPECT_TRUE(at::equal(decode(half, precision), decode(full, precision)));
  }
  const at::Tensor output = decode(half, ops::Precision::exact);
  const double official = error_to_fp64(io_.read_f32("tokens_bf16_autocast"));
  EXPECT_LE(error_to_fp64(values_of(output)), official / 5.0);
  EXPECT_GT(error_to_fp64(values_of(output)), 1e-5);  // it does round
  RecordProperty("error_f16", cat(error_to_fp64(values_of(output))));
  RecordProperty("error_official_bf16", cat(official));
}

TEST_P(GoldenDecoder, SameBytesWhateverTheThreads) {
  for (const auto precision : {ops::Precision::exact, ops::Precision::bf16}) {
    const at::Tensor one = tokens(1, precision);
    EXPECT_TRUE(at::equal(one, tokens(2, precision)));
    EXPECT_TRUE(at::equal(one, tokens(5, precision)));
  }
}

// Among others that are far larger and far smaller, and in any place.
TEST_P(GoldenDecoder, BytesOfATaskDoNotDependOnTheOthers) {
  const ops::Workers workers(2);
  const at::Tensor golden = condition().clone();  // tokens() reads it anew
  const std::vector<at::Tensor> conditions = {golden.mul(-3.0).add(0.25), golden, golden.mul(1e3),
                                              golden.flip(0)};
  for (const auto precision : {ops::Precision::exact, ops::Precision::bf16}) {
    std::vector<at::Tensor> projected;
    for (const at::Tensor& each : conditions) {
      projected.push_back(decoder_.project(workers, each, precision));
    }
    const at::Tensor together = decoder_.forward(workers, projected, precision);
    ASSERT_EQ(together.size(0), 4);
    for (std::size_t i = 0; i < projected.size(); ++i) {
      const at::Tensor alone = decoder_.forward(workers, {projected[i]}, precision);
      EXPECT_TRUE(at::equal(together[static_cast<std::int64_t>(i)], alone[0])) << i;
    }
    EXPECT_TRUE(at::equal(together[1], tokens(2, precision)));
    EXPECT_FALSE(at::equal(together[0], together[1]));
  }
}

TEST_P(GoldenDecoder, ProjectsEachPromptByItself) {
  const ops::Workers workers(2);
  const at::Tensor golden = condition().clone();
  const auto last = golden.size(0) - 1;
  for (const auto precision : {ops::Precision::exact, ops::Precision::bf16}) {
    const at::Tensor all = decoder_.project(workers, golden, precision);
    const at::Tensor one = decoder_.project(workers, golden.narrow(0, last, 1), precision);
    EXPECT_TRUE(at::equal(one, all.narrow(0, last, 1)));
  }
}

TEST_P(GoldenDecoder, OverwritesOnlyConditionsThatNobodyElseHas) {
  const ops::Workers workers(2);
  const auto precision = ops::Precision::exact;
  const at::Tensor kept = decoder_.project(workers, condition(), precision).clone();
  const at::Tensor before = kept.clone();
  std::vector<at::Tensor> given = {kept.clone()};
  const at::Tensor from_kept = decoder_.forward(workers, {kept}, precision);
  EXPECT_TRUE(at::equal(kept, before));
  EXPECT_TRUE(at::equal(from_kept, decoder_.forward(workers, std::move(given), precision)));
}

TEST_P(GoldenDecoder, DetokenizedAdapterEqualsTheOfficialOne) {
  const at::Tensor output = tokens(2, ops::Precision::exact);
  const adapter::LoraAdapter adapter = adapter::detokenize(config_.layout, values_of(output));
  const formats::SafetensorsFile golden(
      data_path(cat("decoder/", GetParam(), "/adapter_fp32.safetensors")));
  ASSERT_EQ(2 * adapter.pairs.size(), golden.tensors().size());
  const auto expect_near = [&](const std::string& key, const formats::Shape& shape,
                               const std::vector<float>& values) {
    const std::vector<float> expected = golden.read_f32(key, &shape);
    EXPECT_LT(relative_rms(std::span(values), std::span(expected)), 5e-6) << key;
  };
  for (const adapter::LoraPair& pair : adapter.pairs) {
    expect_near(pair.key + ".lora_A.weight", {pair.rank, pair.in}, pair.a);
    expect_near(pair.key + ".lora_B.weight", {pair.out, pair.rank}, pair.b);
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, GoldenDecoder,
                         ::testing::Values("plain-k3", "plain-k9", "projected-k11"),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(HyperConvDecoder, RefusesAnotherConditionShape) {
  const c10::InferenceMode inference;
  const testing::TempDir temp;
  bundle::ImportOptions options;
  options.layout = adapter::read_layout_file(data_path("decoder/layout.json"));
  const auto config = bundle::import_checkpoint(data_path("decoder/plain-k3/decoder.pth"),
                                                temp / "bundle", options, OnExisting::refuse, {});
  const HyperConvDecoder decoder(
      config, formats::SafetensorsFile(temp / "bundle" / bundle::kDecoderWeightsName));
  std::vector<float> values(4 * 8 * 12);
  const auto wrong = at::from_blob(values.data(), {4, 8, 12}, at::kFloat);
  const ops::Workers workers(1);
  EXPECT_DND_ERROR(decoder.project(workers, wrong, ops::Precision::exact), ErrorKind::data,
                   "condition [4, 8, 12], the generator takes [4, 12, 8]");
  EXPECT_DND_ERROR(decoder.forward(workers, {wrong}, ops::Precision::exact), ErrorKind::data,
                   "condition [4, 8, 12], the first layer takes [4, 12, 8]");
  EXPECT_DND_ERROR(decoder.forward(workers, {}, ops::Precision::exact), ErrorKind::internal,
                   "no conditions");
}

// The same weights with and without mean tokens: what is added is what the file holds.
TEST(HyperConvDecoder, ResidualAddsTheMeanTokens) {
  const c10::InferenceMode inference;
  const testing::TempDir temp;
  bundle::ImportOptions options;
  options.layout = adapter::read_layout_file(data_path("decoder/layout.json"));
  const auto plain = bundle::import_checkpoint(data_path("decoder/plain-k3/decoder.pth"),
                                               temp / "plain", options, OnExisting::refuse, {});
  const formats::SafetensorsFile weights(temp / "plain" / bundle::kDecoderWeightsName);
  bundle::GeneratorConfig residual = plain;
  residual.residual = true;
  const auto values = [&](const bundle::ParameterSpec& parameter) {
    if (parameter.name != bundle::kMeanTokensName) return weights.read_f32(parameter.name);
    return std::vector<float>(plain.layout.token_count() * std::size_t{6 * 14}, 0.5F);
  };
  residual = bundle::write_trained(residual, values, temp / "residual", OnExisting::refuse);
  const auto run = [&](const bundle::GeneratorConfig& config, const char* folder) {
    const HyperConvDecoder decoder(
        config, formats::SafetensorsFile(temp / folder / bundle::kDecoderWeightsName));
    return decoder.forward(ops::Workers(2), {at::ones({4, 12, 8})}, ops::Precision::exact);
  };
  EXPECT_TRUE(at::equal(run(residual, "residual"), run(plain, "plain").add(0.5)));
}

TEST(HyperConvDecoder, RefusesExponentsThatTheConfigurationDoesNotName) {
  const testing::TempDir temp;
  bundle::ImportOptions options;
  options.dtype = Dtype::f16;
  options.layout = adapter::read_layout_file(data_path("decoder/layout.json"));
  auto config = bundle::import_checkpoint(data_path("decoder/plain-k3/decoder.pth"),
                                          temp / "bundle", options, OnExisting::refuse, {});
  config.channel_exponents = false;
  EXPECT_DND_ERROR(HyperConvDecoder(config, formats::SafetensorsFile(temp / "bundle" /
                                                                     bundle::kDecoderWeightsName)),
                   ErrorKind::data, "holds exponents of channels");
}

TEST(HyperConvDecoder, NamesAMissingTensor) {
  const testing::TempDir temp;
  bundle::ImportOptions options;
  options.layout = adapter::read_layout_file(data_path("decoder/layout.json"));
  const auto config =
      bundle::describe_checkpoint(data_path("decoder/plain-k3/decoder.pth"), options);
  EXPECT_DND_ERROR(
      HyperConvDecoder(
          config, formats::SafetensorsFile(data_path("decoder/plain-k3/adapter_fp32.safetensors"))),
      ErrorKind::data, "'model.decoder.module_list.0.linear1.norm.weight' is missing");
}

}  // namespace
}  // namespace dnd::nn
