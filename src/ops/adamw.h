// AdamW over tensors that lie in memory one by one, and their norm; on all workers.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "ops/workers.h"

namespace dnd::ops {

struct AdamW {
  double learning_rate = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0.0;
};

// What AdamW knows: the values and two moments of each; fp32, contiguous.
struct AdamWState {
  std::vector<at::Tensor> values;
  std::vector<at::Tensor> exp_avg;
  std::vector<at::Tensor> exp_avg_sq;
  std::int64_t step = 0;  // steps done
};

// L2 norm over all tensors, as torch.nn.utils.clip_grad_norm_ takes it; sums in double.
double gradient_norm(const Workers& workers, const std::vector<at::Tensor>& gradients);

// One step of LibTorch's fused AdamW on gradients * min(1, max_norm / (norm + 1e-6)), as clip_grad_norm_
// scales them. The gradients are scaled in place.
void adamw_step(const Workers& workers, const AdamW& rule, AdamWState& state,
                const std::vector<at::Tensor>& gradients, double norm, double max_norm);

}  // namespace dnd::ops
