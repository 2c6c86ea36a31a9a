#include "nn/hyperconv_decoder.h"

#include <ATen/ops/add.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/tanh.h>

#include <utility>
#include <vector>

#include "base/strings.h"
#include "bundle/channel_exponents.h"
#include "nn/projection.h"
#include "ops/blocks.h"

namespace dnd::nn {
namespace {

using bundle::Feature;
using ops::Precision;
using ops::Range;
using ops::Workers;

constexpr double kNormEpsilon = 1e-5;

// Over (H, W) jointly, one row of N at a time.
at::Tensor layer_norm(const Workers& workers, const at::Tensor& x, const at::Tensor& weight,
                      const at::Tensor& bias) {
  at::Tensor out = at::empty(x.sizes(), x.options());
  ops::for_pieces(workers, x.size(0), [&](Range range) {
    const at::Tensor rows = x.narrow(0, range.begin, range.size);
    out.narrow(0, range.begin, range.size)
        .copy_(at::layer_norm(rows, weight.sizes(), weight, bias, kNormEpsilon));
  });
  return out;
}

}  // namespace

HyperConvDecoder::HyperConvDecoder(bundle::GeneratorConfig config,
                                   const std::filesystem::path& weights)
    : config_(std::move(config)), weights_(weights) {
  for (const bundle::ParameterSpec& parameter : bundle::decoder_parameters(config_)) {
    if (!weights_.has(parameter.name)) {
      fail(ErrorKind::data, "decoder: ", weights.string(), ": tensor '", parameter.name,
           "' is missing");
    }
  }
  bundle::check_channel_exponents(config_, weights_.file());
}

at::Tensor HyperConvDecoder::forward(const Workers& workers, at::Tensor condition,
                                     Precision precision, const LayerObserver& observer) const {
  const bundle::ConditionConfig& expected = config_.condition;
  const std::vector<std::int64_t> shape = {expected.prompts, expected.max_length, expected.width};
  if (condition.sizes().vec() != shape) {
    fail(ErrorKind::data, "decoder: condition ", shape_text(condition.sizes().vec()),
         ", the generator takes ", shape_text(shape));
  }
  at::Tensor x = expected.projection ? project(workers, condition, precision) : condition;
  condition.reset();  // (N, L, C) may be the largest tensor of all
  for (std::size_t i = 0; i + 1 < config_.features.size(); ++i) {
    x = layer(workers, i, x, precision, observer);
  }
  if (config_.residual) {
    const Feature& tokens = config_.features.back();
    x = x.add(weights_.get(bundle::kMeanTokensName, {tokens.n, tokens.h, tokens.w}));
  }
  return x;
}

at::Tensor HyperConvDecoder::project(const Workers& workers, const at::Tensor& condition,
                                     Precision precision) const {
  const auto [from, to] = *config_.condition.projection;
  const ProjectionWeights weights{
      weights_.get("down_proj.weight", {to, from}), weights_.get("down_proj.bias", {to}),
      weights_.get("gate_proj.weight", {to, to}), weights_.get("gate_proj.bias", {to})};
  return project_condition(workers, condition, weights, precision);
}

at::Tensor HyperConvDecoder::layer(const Workers& workers, std::size_t index, const at::Tensor& x,
                                   Precision precision, const LayerObserver& observer) const {
  const Feature& in = config_.features[index];
  const Feature& out = config_.features[index + 1];
  const std::string p = bundle::layer_prefix(index) + "linear2.";
  const std::int64_t k = config_.kernel;
  // linear2: channels N -> N', plane (H', W')
  at::Tensor y = ops::conv2d_same(workers, hidden(workers, index, x, precision),
                                  weights_.convolution(p + "weight", {out.n, in.n, k, k}),
                                  weights_.get(p + "bias", {out.n}), precision);
  if (observer) observer(index, y);
  if (in == out) y.add_(x);
  return y;  // (N', H', W')
}

// m = (p1 + p2 + bias) / 3, (N, H', W'): both paths from the normalised input. The plane's axis
// order matters, because kernels are not symmetric; it follows the released module's transposes.
at::Tensor HyperConvDecoder::hidden(const Workers& workers, std::size_t index, const at::Tensor& x,
                                    Precision precision) const {
  const Feature& in = config_.features[index];
  const Feature& out = config_.features[index + 1];
  const std::string p = bundle::layer_prefix(index) + "linear1.";
  const std::int64_t k = config_.kernel;
  const at::Tensor n = layer_norm(workers, x, weights_.get(p + "norm.weight", {in.h, in.w}),
                                  weights_.get(p + "norm.bias", {in.h, in.w}));  // (N, H, W)
  const auto conv = [&](const at::Tensor& input, const char* name, const at::Tensor& output) {
    const std::vector<std::int64_t> shape = {output.size(0), input.size(0), k, k};
    ops::conv2d_same_out(workers, input, weights_.convolution(p + name, shape), std::nullopt,
                         precision, output);
  };
  // Each result lies in memory so that both its writer and its reader find their channels or their
  // columns contiguous.
  at::Tensor m = at::empty({in.n, out.h, out.w}, x.options());
  {
    const at::Tensor p1 = at::empty({in.h, in.n, out.w}, x.options());
    conv(n.permute({2, 1, 0}), "conv1w.weight", p1.permute({2, 0, 1}));  // (W, H, N) -> (W', H, N)
    conv(p1, "conv1h.weight", m.permute({1, 0, 2}));                     // -> (H', N, W')
  }
  at::Tensor p2 = at::empty({out.h, in.n, in.w}, x.options());
  conv(n.permute({1, 0, 2}), "conv2h.weight", p2);  // (H, N, W) -> (H', N, W)
  const at::Tensor second = at::empty({in.n, out.h, out.w}, x.options());
  conv(p2.permute({2, 0, 1}), "conv2w.weight", second.permute({2, 1, 0}));  // -> (W', H', N)
  const at::Tensor bias = weights_.get(p + "bias", {out.h, out.w});
  ops::for_pieces(workers, in.n, [&](Range range) {
    at::Tensor sum = m.narrow(0, range.begin, range.size);
    sum.add_(at::tanh(second.narrow(0, range.begin, range.size))).add_(bias).div_(3.0);
  });
  return m;
}

}  // namespace dnd::nn
