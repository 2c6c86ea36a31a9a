// What WORK/state.safetensors says of its training, in its metadata; its tensors are the trainer's
// (trainer/state.h).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "formats/safetensors.h"

namespace dnd::tasks {

inline constexpr const char* kStateFormatKey = "dnd.format";
inline constexpr const char* kStateFormat = "dnd-train-state";
inline constexpr const char* kStateStepKey = "dnd.step";
inline constexpr const char* kStateIdentityKey = "dnd.identity";

// How many of `steps` steps the training with this identity has done. Throws Error(data) where it is no state
// of a training, says an impossible step, or is of another training: the message names what differs. `who`
// begins it.
std::int64_t steps_of_state(const formats::Metadata& metadata, std::int64_t steps,
                            const std::string& identity, const std::string& who);
// The same of a file. Throws Error(no_input), too.
std::int64_t steps_of_state(const std::filesystem::path& state, std::int64_t steps,
                            const std::string& identity);

}  // namespace dnd::tasks
