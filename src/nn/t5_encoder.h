// The encoder half of T5 (ReLU and gated-GELU feed-forward).
#pragma once

#include <filesystem>
#include <memory>

#include "base/json.h"
#include "nn/text_encoder.h"

namespace dnd::nn {

// `config` is the folder's config.json. Relative position bias shared from layer 0, RMS norm, scores
// not scaled.
std::unique_ptr<EncoderModel> load_t5(const std::filesystem::path& folder, JsonObject& config,
                                      EncoderProducts products);

}  // namespace dnd::nn
