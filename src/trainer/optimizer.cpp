#include "trainer/optimizer.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace dnd::trainer {

double learning_rate_at(const tasks::TrainConfig& config, std::int64_t step) {
  const auto done = static_cast<double>(step);
  const auto warmup = static_cast<double>(config.warmup_steps);
  if (step < config.warmup_steps) return config.learning_rate * (done + 1.0) / warmup;
  const double share = (done - warmup) / std::max(1.0, static_cast<double>(config.steps) - warmup);
  return config.learning_rate * 0.5 * (1.0 + std::cos(std::numbers::pi * share));
}

void adamw_step(const ops::Workers& workers, const tasks::TrainConfig& config,
                OptimizerState& state, const nn::Tensors& gradients, double norm) {
  const ops::AdamW rule = {.learning_rate = learning_rate_at(config, state.step),
                           .beta1 = config.beta1,
                           .beta2 = config.beta2,
                           .epsilon = config.epsilon,
                           .weight_decay = config.weight_decay};
  ops::adamw_step(workers, rule, state, gradients, norm, config.max_gradient_norm);
}

}  // namespace dnd::trainer
