// The decoder as something that learns: the mathematics of nn/hyperconv_decoder.h on batches, written
// with differentiable ATen operations.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <filesystem>
#include <string>
#include <unordered_map>
#include <vector>

#include "bundle/generator_config.h"

namespace dnd::trainer {

// One tensor for each parameter of a model, in its order: values, gradients, moments.
using Tensors = std::vector<at::Tensor>;

// Shapes and names of a decoder; the numbers are passed in. Immutable, thread-safe.
class Model {
 public:
  explicit Model(bundle::GeneratorConfig config);

  const bundle::GeneratorConfig& config() const { return config_; }
  const std::vector<bundle::ParameterSpec>& parameters() const { return parameters_; }

  // Tensors `prefix` + name of a safetensors file, copied, fp32. Throws Error(data) by name where one
  // is missing or of another shape.
  Tensors read(const std::filesystem::path& path, const std::string& prefix = "") const;
  Tensors zeros() const;

  // condition (B, N, L, C) -> tokens (B, T, R, S), without the residual on the mean tokens.
  at::Tensor forward(const Tensors& values, const at::Tensor& condition) const;

 private:
  const at::Tensor& value(const Tensors& values, const std::string& name) const;
  at::Tensor project(const Tensors& values, const at::Tensor& condition) const;
  at::Tensor hidden(const Tensors& values, std::size_t layer, const at::Tensor& x) const;

  bundle::GeneratorConfig config_;
  std::vector<bundle::ParameterSpec> parameters_;
  std::unordered_map<std::string, std::size_t> index_;
};

}  // namespace dnd::trainer
