// The decoder once more, written with LibTorch's own operations: the mathematics of
// nn/hyperconv_decoder.h on batches, differentiable, on any device.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

#include "bundle/generator_config.h"
#include "nn/weight_store.h"

namespace dnd::nn {

// One tensor for each parameter of a model, in its order: values, gradients, moments.
using Tensors = std::vector<at::Tensor>;

// Shapes and names of a decoder; the numbers are passed in. Immutable, thread-safe.
class DecoderModel {
 public:
  explicit DecoderModel(bundle::GeneratorConfig config);

  const bundle::GeneratorConfig& config() const { return config_; }
  const std::vector<bundle::ParameterSpec>& parameters() const { return parameters_; }

  // Tensors `prefix` + name of a safetensors file, copied, fp32. Throws Error(data) by name where one
  // is missing or of another shape.
  Tensors read(const WeightStore& weights, const std::string& prefix = "",
               const at::Device& device = at::kCPU) const;
  Tensors zeros() const;

  // condition (B, N, L, C) -> what the first layer takes, (B, N, L', C); itself without a projection.
  at::Tensor project(const Tensors& values, const at::Tensor& condition) const;
  // Projected (B, N, L', C) -> tokens (B, T, R, S), without the mean tokens of a residual generator.
  at::Tensor decode(const Tensors& values, const at::Tensor& projected) const;

 private:
  const at::Tensor& value(const Tensors& values, const std::string& name) const;
  at::Tensor hidden(const Tensors& values, std::size_t layer, const at::Tensor& x) const;

  bundle::GeneratorConfig config_;
  std::vector<bundle::ParameterSpec> parameters_;
  std::unordered_map<std::string, std::size_t> index_;
};

}  // namespace dnd::nn
