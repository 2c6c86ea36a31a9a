// BERT-type encoders (MiniLM-L6, MiniLM-L12, BERT, RoBERTa and XLM-RoBERTa of any size).
#pragma once

#include <filesystem>
#include <memory>

#include "base/json.h"
#include "nn/text_encoder.h"

namespace dnd::nn {

// `config` is the folder's config.json. Learned absolute positions, post-norm, GELU (erf).
std::unique_ptr<EncoderModel> load_bert(const std::filesystem::path& folder, JsonObject& config,
                                        EncoderProducts products);

// The same by LibTorch's own operations in fp32, on any of its devices; chunk after chunk.
std::unique_ptr<EncoderModel> load_torch_bert(const std::filesystem::path& folder,
                                              JsonObject& config, const at::Device& device);

}  // namespace dnd::nn
