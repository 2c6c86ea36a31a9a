// RMSNorm for learning: x / sqrt(mean(x^2) + epsilon) * weight over the last dimension. The weight is frozen.
#pragma once

#include <ATen/core/Tensor.h>

namespace dnd::lm::learn {

struct NormRule {
  at::Tensor weight;  // (W)
  double epsilon = 1e-6;
};

// Nothing is recorded.
at::Tensor normalised(const at::Tensor& x, const NormRule& rule);
// The gradient of x from that of normalised(x).
at::Tensor normalised_back(const at::Tensor& x, const NormRule& rule, const at::Tensor& gradient);

// Differentiable in x, of which alone it keeps a reference.
at::Tensor rms_norm(const at::Tensor& x, const NormRule& rule);

}  // namespace dnd::lm::learn
