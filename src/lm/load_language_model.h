// Base language models for judging and learning adapters: the factory behind Engine::load_language_model().
#pragma once

#include <filesystem>
#include <memory>

#include "dnd/language_model.h"
#include "lm/model_config.h"
#include "lm/weights.h"
#include "ops/workers.h"

namespace dnd::lm {

// `path`: a folder with config.json, safetensors weights and, for texts, a tokenizer
// (tokenizer/base_tokenizer.h); or a GGUF, which is dequantised once. With `needs_texts` one whose
// tokenizer is missing or not supported is refused before its weights are read. `workers` must outlive the
// result. Throws Error(no_input), or Error(data) naming what is not supported.
std::unique_ptr<LanguageModel> load_language_model(const ops::Workers& workers,
                                                   const std::filesystem::path& path,
                                                   bool needs_texts = false);

// What others than the model itself learn through (lm/learn).
struct ModelParts {
  Weights& weights;
  const ModelConfig& config;
};

// Of a model that load_language_model() made, which must outlive them.
ModelParts parts_of(LanguageModel& model);

}  // namespace dnd::lm
