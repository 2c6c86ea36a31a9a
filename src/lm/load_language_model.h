// Base language models for judging adapters: the factory behind Engine::load_language_model().
#pragma once

#include <filesystem>
#include <memory>

#include "dnd/language_model.h"
#include "ops/workers.h"

namespace dnd::lm {

// `folder`: config.json, safetensors weights and, for texts, a tokenizer (tokenizer/base_tokenizer.h). With
// `needs_texts` a folder whose tokenizer is missing or not supported is refused before its weights are read.
// `workers` must outlive the result. Throws Error(no_input), or Error(data) naming what is not supported.
std::unique_ptr<LanguageModel> load_language_model(const ops::Workers& workers,
                                                   const std::filesystem::path& folder,
                                                   bool needs_texts = false);

}  // namespace dnd::lm
