// AdamW with the released schedule and gradient clipping.
#pragma once

#include <cstdint>

#include "nn/decoder_model.h"
#include "ops/workers.h"
#include "tasks/train_config.h"

namespace dnd::trainer {

// Step s (from 0): lr (s + 1) / warmup while s < warmup, then half a cosine that reaches 0 at `steps`.
double learning_rate_at(const tasks::TrainConfig& config, std::int64_t step);

// L2 norm over all tensors, as torch.nn.utils.clip_grad_norm_ takes it; sums in double.
double gradient_norm(const ops::Workers& workers, const nn::Tensors& gradients);

// What AdamW knows: the values and two moments of each.
struct OptimizerState {
  nn::Tensors values;
  nn::Tensors exp_avg;
  nn::Tensors exp_avg_sq;
  std::int64_t step = 0;  // steps done
};

// One step of LibTorch's fused AdamW on gradients * min(1, max_norm / (norm + 1e-6)). The gradients
// are scaled in place.
void adamw_step(const ops::Workers& workers, const tasks::TrainConfig& config,
                OptimizerState& state, const nn::Tensors& gradients, double norm);

}  // namespace dnd::trainer
