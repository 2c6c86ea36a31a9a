// The training loop.
#pragma once

#include <ATen/core/Tensor.h>

#include "comm/process_group.h"
#include "dnd/engine.h"
#include "dnd/trainer.h"
#include "ops/workers.h"

namespace dnd::trainer {

// Runs what is left of the job and leaves the weights in its state file. With a `group` each process
// works on its slice of every batch; loss and gradients are summed, so all do the same steps, and all
// stop once one is asked to. Rank 0 alone saves and evaluates. Throws Error(usage) for more processes
// than pairs in a batch, Error(data) where the loss is not a number, or what load_state() throws.
//
// Answers are learned on the CPU alone (Error(usage)). Every process keeps its own states below the adapters.
//
// On a device that is not the CPU values, moments and gradients live there, and one thread hands it
// micro-batch after micro-batch; sums over processes and state files pass through the CPU's memory.
struct TrainPlace {
  at::Device device = at::kCPU;
  bool bf16 = false;
  comm::ProcessGroup* group = nullptr;  // nullptr: one process
};
TrainResult train(const ops::Workers& workers, const TrainJob& job, const TrainObserver& observer,
                  const TrainPlace& place);

}  // namespace dnd::trainer
