// The training loop.
#pragma once

#include "comm/process_group.h"
#include "dnd/engine.h"
#include "dnd/trainer.h"
#include "ops/workers.h"

namespace dnd::trainer {

// Runs what is left of the job and leaves the weights in its state file. With a `group` each process
// works on its slice of every batch; loss and gradients are summed, so all do the same steps, and all
// stop once one is asked to. Rank 0 alone saves and evaluates. Throws Error(usage) for more processes
// than pairs in a batch, Error(data) where the loss is not a number, or what load_state() throws.
TrainResult train(const ops::Workers& workers, const TrainJob& job, const TrainObserver& observer,
                  bool bf16, comm::ProcessGroup* group = nullptr);

}  // namespace dnd::trainer
