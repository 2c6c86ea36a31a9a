// Saved training: state.safetensors holds the values under their released names, AdamW's moments as
// "exp_avg.<name>" and "exp_avg_sq.<name>", and in its metadata the steps done and what the training is.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "nn/decoder_model.h"
#include "trainer/optimizer.h"

namespace dnd::trainer {

// Replaces the file in one step: whatever kills the process, the old or the new state is there.
void save_state(const nn::DecoderModel& model, const OptimizerState& state,
                const std::string& identity, const std::filesystem::path& path);

// Of a training of `steps` steps. Throws Error(no_input), or Error(data) where the file is not what
// save_state() writes (its tensors and no others, F32, finite, no second moment below 0, 1 to `steps`
// steps done), or of a training with another identity: the message names what differs.
OptimizerState load_state(const nn::DecoderModel& model, std::int64_t steps,
                          const std::string& identity, const std::filesystem::path& path);

}  // namespace dnd::trainer
