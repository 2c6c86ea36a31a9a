// The files of a training's work folder, WORK.
#pragma once

#include <array>

#include "base/staged.h"

namespace dnd::tasks {

inline constexpr const char* kStateName = "state.safetensors";  // trainer/state.h
inline constexpr const char* kLockName = "lock";                // held as long as it trains
inline constexpr const char* kMetricsName = "metrics.jsonl";    // tasks/metrics_file.h
inline constexpr const char* kConditionsName =
    "conditions.safetensors";                       // tasks/prompt_conditions.h
inline constexpr const char* kStartName = "start";  // the bundle of first weights
inline constexpr const char* kBelowName = "below";  // dnd/trainer.h, TrainJob::lower_states

inline constexpr std::array kWorkNames = {kStateName,      kLockName,  kMetricsName,
                                          kConditionsName, kStartName, kBelowName};

// What a training that begins anew may replace: what an earlier one left in its work folder.
FileKind state_file();
FileKind metrics_file();
FolderKind start_folder();

}  // namespace dnd::tasks
