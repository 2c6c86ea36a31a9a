// A folder whose tokenizer is SentencePiece's tokenizer.model alone.
#pragma once

#include <filesystem>

#include "base/json.h"
#include "tokenizer/base_tokenizer.h"

namespace dnd::tokenizer {

// `settings`: tokenizer_config.json, empty where there is none. Throws Error(data).
FolderTokenizer read_sentencepiece_folder(const std::filesystem::path& folder,
                                          const Json& settings);

}  // namespace dnd::tokenizer
