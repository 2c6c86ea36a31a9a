// Base language models for judging adapters: the factory behind Engine::load_language_model().
#pragma once

#include <filesystem>
#include <memory>

#include "dnd/language_model.h"
#include "ops/workers.h"

namespace dnd::lm {

// `path`: a folder with config.json, safetensors weights and, for texts, a tokenizer
// (tokenizer/base_tokenizer.h); or a GGUF, which is dequantised once. With `needs_texts` one whose
// tokenizer is missing or not supported is refused before its weights are read. `workers` must outlive the
// result. Throws Error(no_input), or Error(data) naming what is not supported.
std::unique_ptr<LanguageModel> load_language_model(const ops::Workers& workers,
                                                   const std::filesystem::path& path,
                                                   bool needs_texts = false);

}  // namespace dnd::lm
