// What a training costs, before it begins.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tasks/task_set.h"
#include "tasks/train_config.h"

namespace dnd::tasks {

struct TrainEstimate {
  std::size_t tasks = 0;
  std::size_t held_out = 0;
  std::size_t adapters = 0;   // of the training tasks
  std::size_t prompts = 0;    // distinct, held-out tasks left out
  std::size_t questions = 0;  // with answers, of the training tasks; 0 where none is learned
  std::uint64_t parameter_bytes = 0;   // weights, moments, gradients of all threads
  std::uint64_t activation_bytes = 0;  // kept for the backward pass, all threads
  std::uint64_t target_bytes = 0;      // tokens of all adapters
  std::uint64_t condition_bytes = 0;   // the file of conditions, mapped
};

TrainEstimate estimate_training(const TrainConfig& config, const TaskSet& set, int threads);

}  // namespace dnd::tasks
