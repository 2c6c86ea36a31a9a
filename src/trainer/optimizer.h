// AdamW with the released schedule and gradient clipping.
#pragma once

#include <cstdint>

#include "nn/decoder_model.h"
#include "ops/adamw.h"
#include "ops/workers.h"
#include "tasks/train_config.h"

namespace dnd::trainer {

// Step s (from 0): lr (s + 1) / warmup while s < warmup, then half a cosine that reaches 0 at `steps`.
double learning_rate_at(const tasks::TrainConfig& config, std::int64_t step);

using OptimizerState = ops::AdamWState;

// One step of the configured AdamW on the gradients, clipped; these are scaled in place.
void adamw_step(const ops::Workers& workers, const tasks::TrainConfig& config,
                OptimizerState& state, const nn::Tensors& gradients, double norm);

}  // namespace dnd::trainer
