// Saved training: state.safetensors holds the values under their released names, AdamW's moments as
// "exp_avg.<name>" and "exp_avg_sq.<name>", and in its metadata the steps done and what the training is.
#pragma once

#include <filesystem>
#include <string>

#include "nn/decoder_model.h"
#include "trainer/optimizer.h"

namespace dnd::trainer {

// Replaces the file in one step: whatever kills the process, the old or the new state is there.
void save_state(const nn::DecoderModel& model, const OptimizerState& state,
                const std::string& identity, const std::filesystem::path& path);

// Throws Error(no_input), or Error(data) where the file is damaged or of a training with another
// identity: the message names what differs.
OptimizerState load_state(const nn::DecoderModel& model, const std::string& identity,
                          const std::filesystem::path& path);

}  // namespace dnd::trainer
