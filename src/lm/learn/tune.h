// Learning adapters through a base: the loop of steps, judgements, checkpoints and saved states.
#pragma once

#include "dnd/tuner.h"
#include "lm/model_config.h"
#include "lm/weights.h"
#include "ops/workers.h"

namespace dnd::lm::learn {

// Runs what is left of the job. Throws Error(data) for a lesson that the model cannot take, an adapter that
// does not fit it, a loss that is not a number (the state of before that step is saved), or as
// load_tune_state() does; Error(internal) for a rule that makes no sense.
TuneResult tune(const ops::Workers& workers, Weights& weights, const ModelConfig& config,
                const TuneJob& job, const TuneObserver& observer);

}  // namespace dnd::lm::learn
