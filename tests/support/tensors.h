// Tensors in tests: made, looked into, compared.
#pragma once

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <cstdint>
#include <span>
#include <vector>

#include "base/random.h"

namespace dnd::testing {

// Uniform in [-1, 1), the same on every machine.
inline at::Tensor random_tensor(const std::vector<std::int64_t>& shape, std::uint64_t seed) {
  SplitMix64 random(seed);
  at::Tensor tensor = at::empty(shape, at::kFloat);
  auto* values = tensor.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < tensor.numel(); ++i) values[i] = 2.0F * random.unit() - 1.0F;
  return tensor;
}

// Of a contiguous fp32 tensor, which must outlive them.
inline std::span<const float> values_of(const at::Tensor& tensor) {
  return {tensor.const_data_ptr<float>(), static_cast<std::size_t>(tensor.numel())};
}

// `b` in fp64.
inline double largest_difference(const at::Tensor& a, const at::Tensor& b) {
  return (a.to(at::kDouble) - b).abs().max().item().toDouble();
}

}  // namespace dnd::testing
