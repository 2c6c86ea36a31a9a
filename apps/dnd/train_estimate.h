// What a training costs, told before it begins.
#pragma once

#include "context.h"
#include "tasks/train_config.h"
#include "tasks/training_estimate.h"

namespace dnd::app {

void print_training_estimate(const Context& context, const tasks::TrainConfig& config,
                             const tasks::TrainEstimate& estimate, const Json& prompts_read);

}  // namespace dnd::app
