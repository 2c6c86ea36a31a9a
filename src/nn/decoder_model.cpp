#include "nn/decoder_model.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/tanh.h>
#include <ATen/ops/zeros.h>

#include <optional>
#include <utility>

#include "nn/decoder_ends.h"

namespace dnd::nn {
namespace {

at::Tensor conv_same(const at::Tensor& x, const at::Tensor& weight,
                     const std::optional<at::Tensor>& bias = std::nullopt) {
  const std::int64_t padding = (weight.size(-1) - 1) / 2;
  return at::conv2d(x, weight, bias, /*stride=*/1, padding);
}

}  // namespace

DecoderModel::DecoderModel(bundle::GeneratorConfig config)
    : config_(std::move(config)), parameters_(bundle::decoder_parameters(config_)) {
  std::erase_if(parameters_, [](const auto& p) { return p.name == bundle::kMeanTokensName; });
  for (std::size_t i = 0; i < parameters_.size(); ++i) index_[parameters_[i].name] = i;
}

Tensors DecoderModel::read(const WeightStore& weights, const std::string& prefix,
                           const at::Device& device) const {
  Tensors out;
  for (const bundle::ParameterSpec& parameter : parameters_) {
    const at::Tensor tensor = weights.get(prefix + parameter.name, parameter.shape);
    out.push_back(tensor.to(device, at::kFloat, /*non_blocking=*/false, /*copy=*/true));
  }
  return out;
}

Tensors DecoderModel::zeros() const {
  Tensors out;
  for (const bundle::ParameterSpec& parameter : parameters_) {
    out.push_back(at::zeros(parameter.shape, at::kFloat));
  }
  return out;
}

const at::Tensor& DecoderModel::value(const Tensors& values, const std::string& name) const {
  return values[index_.at(name)];
}

at::Tensor DecoderModel::decode(const Tensors& values, const at::Tensor& projected) const {
  at::Tensor x = projected;
  for (std::size_t i = 0; i + 1 < config_.features.size(); ++i) {
    const std::string p = bundle::layer_prefix(i) + "linear2.";
    const at::Tensor y = conv_same(hidden(values, i, x), value(values, p + "weight"),
                                   value(values, p + "bias"));  // (B, N', H', W')
    x = config_.features[i] == config_.features[i + 1] ? x + y : y;
  }
  return x;
}

// (B, N, L, C) is *read as* (B, N, C, L), not transposed (nn/projection.h).
at::Tensor DecoderModel::project(const Tensors& values, const at::Tensor& condition) const {
  if (!config_.condition.projection) return condition;
  const auto [from, to] = *config_.condition.projection;
  const std::int64_t batch = condition.size(0);
  const std::int64_t prompts = condition.size(1);
  const std::int64_t width = condition.size(3);
  const at::Tensor x = condition.contiguous().view({batch, prompts, width, from});
  const at::Tensor down =
      at::linear(x, value(values, "down_proj.weight"), value(values, "down_proj.bias"));
  return at::linear(down, value(values, "gate_proj.weight"), value(values, "gate_proj.bias"))
      .contiguous()
      .view({batch, prompts, to, width});
}

// m = (p1 + p2 + bias) / 3, (B, N, H', W').
at::Tensor DecoderModel::hidden(const Tensors& values, std::size_t layer,
                                const at::Tensor& x) const {
  const std::string p = bundle::layer_prefix(layer) + "linear1.";
  const auto conv = [&](const at::Tensor& input, const char* name) {
    return conv_same(input.contiguous(), value(values, p + name));
  };
  const at::Tensor& weight = value(values, p + "norm.weight");
  const at::Tensor n = at::layer_norm(x, weight.sizes(), weight, value(values, p + "norm.bias"),
                                      kDecoderNormEpsilon);               // (B, N, H, W)
  const at::Tensor w1 = conv(n.permute({0, 3, 2, 1}), "conv1w.weight");   // (B, W', H, N)
  const at::Tensor p1 = conv(w1.permute({0, 2, 3, 1}), "conv1h.weight");  // (B, H', N, W')
  const at::Tensor h2 = conv(n.permute({0, 2, 1, 3}), "conv2h.weight");   // (B, H', N, W)
  const at::Tensor p2 =
      at::tanh(conv(h2.permute({0, 3, 1, 2}), "conv2w.weight"));  // (B, W', H', N)
  return (p1.permute({0, 2, 1, 3}) + p2.permute({0, 3, 2, 1}) + value(values, p + "bias")) / 3.0;
}

}  // namespace dnd::nn
