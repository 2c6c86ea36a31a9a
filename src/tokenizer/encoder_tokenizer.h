// Text encoders' own tokenizers.
#pragma once

#include <filesystem>
#include <memory>

#include "text/tokenizer.h"

namespace dnd::tokenizer {

// The tokenizer in an encoder's folder: spiece.model (T5), else what read_folder() reads: tokenizer.json or
// vocab.txt (BERT). Throws Error(no_input) if there is none, Error(data) if it is malformed, not supported,
// or has no token for padding.
std::unique_ptr<text::TextTokenizer> load_encoder_tokenizer(const std::filesystem::path& folder);

}  // namespace dnd::tokenizer
