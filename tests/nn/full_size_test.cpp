// One decoder layer of every released configuration at its full size: the last, which holds most of
// the weights. The reference is a plain composition of ATen calls over all threads.
#include <ATen/Parallel.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/tanh.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "bundle/write_bundle.h"
#include "nn/hyperconv_decoder.h"
#include "support/golden.h"
#include "support/temp_dir.h"
#include "support/tensors.h"

namespace dnd::nn {
namespace {

constexpr std::int64_t kCheckedTokens = 32;

// The preset's last layer as a generator of its own.
bundle::GeneratorConfig last_layer(const std::string& preset) {
  bundle::GeneratorConfig config = bundle::read_preset(DND_PRESETS, preset);
  config.features = {config.features[config.features.size() - 2], config.features.back()};
  const bundle::Feature& in = config.features[0];
  config.condition.prompts = in.n;
  config.condition.max_length = in.h;
  config.condition.width = in.w;
  config.condition.projection.reset();
  return config;
}

// The first tokens of the layer's output, by the released formula.
at::Tensor reference(const bundle::GeneratorConfig& config, const WeightStore& weights,
                     const at::Tensor& x) {
  const auto [n, h, w] = config.features[0];
  const auto [n2, h2, w2] = config.features[1];
  const std::int64_t k = config.kernel;
  const std::string p = bundle::layer_prefix(0);
  const auto conv = [&](const at::Tensor& input, const at::Tensor& weight) {
    return at::conv2d(input.unsqueeze(0), weight, std::nullopt, {1, 1}, {k / 2, k / 2}).squeeze(0);
  };
  const auto get = [&](const char* name, std::vector<std::int64_t> shape) {
    return weights.get(p + name, shape);
  };
  const at::Tensor norm = at::layer_norm(x, {h, w}, get("linear1.norm.weight", {h, w}),
                                         get("linear1.norm.bias", {h, w}));
  at::Tensor p1 = conv(norm.permute({2, 1, 0}), get("linear1.conv1w.weight", {w2, w, k, k}));
  p1 = conv(p1.permute({1, 2, 0}), get("linear1.conv1h.weight", {h2, h, k, k})).permute({1, 0, 2});
  at::Tensor p2 = conv(norm.permute({1, 0, 2}), get("linear1.conv2h.weight", {h2, h, k, k}));
  p2 = conv(p2.permute({2, 0, 1}), get("linear1.conv2w.weight", {w2, w, k, k})).permute({2, 1, 0});
  const at::Tensor m = p1.add(at::tanh(p2)).add(get("linear1.bias", {h2, w2})).div(3.0);
  const at::Tensor linear2 = get("linear2.weight", {n2, n, k, k}).narrow(0, 0, kCheckedTokens);
  const at::Tensor bias = get("linear2.bias", {n2}).narrow(0, 0, kCheckedTokens);
  return conv(m, linear2).add(bias.view({-1, 1, 1}));
}

class FullSizeLayer : public ::testing::TestWithParam<const char*> {};

TEST_P(FullSizeLayer, EqualsThePlainComposition) {
  const c10::InferenceMode inference;
  const testing::TempDir temp;
  const bundle::GeneratorConfig config =
      bundle::create_untrained(last_layer(GetParam()), 1, temp / "bundle", OnExisting::refuse, {});
  const auto path = temp / "bundle" / bundle::kDecoderWeightsName;
  const bundle::Feature& in = config.features[0];
  const at::Tensor x = at::rand({in.n, in.h, in.w});
  const HyperConvDecoder decoder(config, formats::SafetensorsFile(path));
  const at::Tensor y = decoder.forward(ops::Workers(2), {x}, ops::Precision::exact)
                           .select(0, 0)
                           .narrow(0, 0, kCheckedTokens)
                           .contiguous();
  at::set_num_threads(2);
  const at::Tensor expected = reference(config, WeightStore(path), x).contiguous();
  EXPECT_LT(testing::relative_rms(testing::values_of(y), testing::values_of(expected)), 1e-5);
}

// The math and coding presets of one base share their last layer.
INSTANTIATE_TEST_SUITE_P(Presets, FullSizeLayer,
                         ::testing::Values("qwen2.5-0.5b", "qwen2.5-1.5b-math", "qwen2.5-vl-3b",
                                           "qwen2.5-7b-math"),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::replace_if(
                               name.begin(), name.end(), [](char c) { return !std::isalnum(c); },
                               '_');
                           return name;
                         });

}  // namespace
}  // namespace dnd::nn
