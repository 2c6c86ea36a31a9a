// The training loop.
#pragma once

#include <functional>

#include "dnd/engine.h"
#include "dnd/trainer.h"
#include "ops/workers.h"
#include "trainer/gradient.h"

namespace dnd::trainer {

// This process's place among those that train together: it makes its slice of every batch.
struct Group {
  std::int64_t rank = 0;
  std::int64_t world = 1;
  // Sums loss and gradients over all processes, in place; nothing to do for one.
  std::function<void(GradientResult&)> reduce;
};

// Runs what is left of the job and leaves the weights in its state file. Throws Error(data) where the
// loss is not a number, or what load_state() throws.
TrainResult train(const ops::Workers& workers, const TrainJob& job, const TrainObserver& observer,
                  bool bf16, const Group& group = {});

}  // namespace dnd::trainer
