// The decoder on the host twin against the official code (golden data).
#include "ops/cuda/decoder.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "adapter/adapter_layout.h"
#include "base/strings.h"
#include "bundle/write_bundle.h"
#include "ops/cuda/host_twin.h"
#include "support/expect_error.h"
#include "support/golden.h"
#include "support/temp_dir.h"

namespace dnd::ops::cuda {
namespace {

using dnd::testing::data_path;

bundle::GeneratorConfig import(const std::string& name, const std::filesystem::path& out) {
  bundle::ImportOptions options;
  options.layout = adapter::read_layout_file(data_path("decoder/layout.json"));
  return bundle::import_checkpoint(data_path("decoder/" + name + "/decoder.pth"), out, options,
                                   OnExisting::refuse, {});
}

// y = W x + b for each of the rows.
std::vector<float> linear(const std::vector<float>& x, const std::vector<float>& weight,
                          const std::vector<float>& bias) {
  const std::size_t outputs = bias.size();
  const std::size_t inputs = weight.size() / outputs;
  std::vector<float> y;
  for (std::size_t row = 0; row < x.size() / inputs; ++row) {
    for (std::size_t out = 0; out < outputs; ++out) {
      float sum = bias[out];
      for (std::size_t i = 0; i < inputs; ++i) {
        sum += weight[out * inputs + i] * x[row * inputs + i];
      }
      y.push_back(sum);
    }
  }
  return y;
}

class GoldenDecoderOnTwin : public ::testing::TestWithParam<const char*> {
 protected:
  GoldenDecoderOnTwin()
      : io_(data_path(cat("decoder/", GetParam(), "/io.safetensors"))),
        config_(import(GetParam(), temp_ / "bundle")),
        weights_(temp_ / "bundle" / bundle::kDecoderWeightsName) {}

  Decoder decoder(const DecoderOptions& options = {}) {
    std::vector<Feature> features;
    for (const bundle::Feature& f : config_.features) {
      features.push_back({static_cast<int>(f.n), static_cast<int>(f.h), static_cast<int>(f.w)});
    }
    const auto get = [this](std::size_t layer, const std::string& name,
                            const std::vector<std::int64_t>& shape) -> std::span<const float> {
      values_ = weights_.read_f32(bundle::layer_prefix(layer) + name, &shape);
      return values_;
    };
    return {twin_, features, static_cast<int>(config_.kernel), get, options};
  }

  std::vector<float> condition() const {
    std::vector<float> x = io_.read_f32("condition");
    if (!config_.condition.projection) return x;
    for (const std::string name : {"down_proj", "gate_proj"}) {
      x = linear(x, weights_.read_f32(name + ".weight"), weights_.read_f32(name + ".bias"));
    }
    return x;
  }

  std::vector<float> tokens(Decoder& decoder, const Decoder::LayerDone& done = {}) const {
    std::vector<float> result(io_.read_f32("tokens_fp32").size());
    decoder.run(condition(), result, done);
    return result;
  }

  double error_to_fp64(const std::vector<float>& values) const {
    const auto truth = dnd::testing::read_wide<double>(io_, "tokens_fp64");
    return dnd::testing::relative_rms(std::span<const float>(values),
                                      std::span<const double>(truth));
  }

  dnd::testing::TempDir temp_;
  formats::SafetensorsFile io_;
  bundle::GeneratorConfig config_;
  formats::SafetensorsFile weights_;
  HostTwin twin_;
  std::vector<float> values_;
};

// Half the error of the official autocast is what any commit must keep, a fifth is the goal.
TEST_P(GoldenDecoderOnTwin, ErrorIsAFifthOfTheOfficialAutocast) {
  Decoder on_twin = decoder();
  const double error = error_to_fp64(tokens(on_twin));
  EXPECT_LT(error, 3e-3);
  EXPECT_LT(error, 0.2 * error_to_fp64(io_.read_f32("tokens_bf16_autocast")));
  EXPECT_EQ(on_twin.resident_convolutions(), on_twin.convolutions());
}

TEST_P(GoldenDecoderOnTwin, EveryLayerIsCloseToTheOfficialCode) {
  Decoder on_twin = decoder();
  std::vector<float> before = condition();
  std::size_t layers = 0;
  tokens(on_twin, [&](std::size_t done, std::size_t all) {
    const std::size_t layer = done - 1;
    EXPECT_EQ(all, config_.features.size() - 1);
    const std::vector<float> after = on_twin.last_output();
    std::vector<float> output = after;
    if (config_.features[layer] == config_.features[layer + 1]) {  // the golden one has no residual
      for (std::size_t i = 0; i < output.size(); ++i) output[i] -= before[i];
    }
    const std::vector<float> expected = io_.read_f32(cat("layer.", layer));
    EXPECT_LT(dnd::testing::relative_rms(std::span<const float>(output),
                                         std::span<const float>(expected)),
              3e-3)
        << layer;
    before = after;
    ++layers;
  });
  EXPECT_EQ(layers, config_.features.size() - 1);
}

INSTANTIATE_TEST_SUITE_P(Cases, GoldenDecoderOnTwin,
                         ::testing::Values("plain-k3", "plain-k9", "projected-k11"),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

class PlainDecoderOnTwin : public GoldenDecoderOnTwin {};
INSTANTIATE_TEST_SUITE_P(Cases, PlainDecoderOnTwin, ::testing::Values("plain-k3"));

// Three conditions, two at once: each has the tokens that it has alone.
TEST_P(PlainDecoderOnTwin, ABatchHasTheTokensOfItsParts) {
  Decoder one = decoder();
  Decoder two = decoder({2, 0});
  EXPECT_EQ(two.images(), 2);
  const std::vector<float> golden = condition();
  std::vector<float> conditions;
  std::vector<float> expected;
  for (const float power : {2.0F, 1.0F, 3.0F}) {
    std::vector<float> other = golden;
    for (float& value : other) value = std::pow(value, power);
    std::vector<float> alone(tokens(one).size());
    one.run(other, alone, {});
    conditions.insert(conditions.end(), other.begin(), other.end());
    expected.insert(expected.end(), alone.begin(), alone.end());
  }
  std::vector<float> all(expected.size());
  std::vector<std::size_t> done;
  two.run(conditions, all, [&](std::size_t finished, std::size_t of) {
    EXPECT_EQ(of, 2 * (config_.features.size() - 1));
    done.push_back(finished);
  });
  EXPECT_EQ(all, expected);
  std::vector<std::size_t> every_layer_twice(2 * (config_.features.size() - 1));
  std::iota(every_layer_twice.begin(), every_layer_twice.end(), 1);
  EXPECT_EQ(done, every_layer_twice);
}

// What is in work leaves memory for weights.
TEST_P(PlainDecoderOnTwin, LessMemoryDecodesFewerAtOnce) {
  EXPECT_EQ(decoder({64, std::size_t{1} << 30U}).images(), 64);
  const int some = decoder({64, std::size_t{8} << 20U}).images();
  EXPECT_GT(some, 1);
  EXPECT_LT(some, 64);
  EXPECT_EQ(decoder({64, 500'000}).images(), 1);
}

// With less memory weights are transformed at every run: the same tokens.
TEST_P(PlainDecoderOnTwin, MemoryMayBeCapped) {
  constexpr std::size_t kCap = 500'000;
  Decoder all = decoder();
  const std::size_t before = twin_.free_bytes();
  Decoder some = decoder({1, kCap});
  EXPECT_LE(before - twin_.free_bytes(), kCap);
  EXPECT_GT(some.resident_convolutions(), 0U);
  EXPECT_LT(some.resident_convolutions(), some.convolutions());
  EXPECT_EQ(tokens(some), tokens(all));
  EXPECT_EQ(tokens(some), tokens(all));  // what the shared memory holds now is another's
  EXPECT_DND_ERROR(decoder({1, 1000}), ErrorKind::memory, "the largest convolution needs");
}

}  // namespace
}  // namespace dnd::ops::cuda
