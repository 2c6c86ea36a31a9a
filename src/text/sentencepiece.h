// T5's SentencePiece tokenizer: the pieces of spiece.model, then </s>.
//
// As in the Hugging Face tokenizers, </s>, <pad>, <unk> and, where the encoder's vocab_size
// (config.json) leaves room for them, <extra_id_0> ... <extra_id_99> are found in the raw text;
// what stands between them is tokenised on its own. <extra_id_N> has the id (pieces + 99 - N).
#pragma once

#include <filesystem>
#include <memory>

#include "text/tokenizer.h"

namespace dnd::text {

// Reads encoder_folder/spiece.model. Throws Error(no_input) or Error(data).
std::unique_ptr<TextTokenizer> load_sentencepiece(const std::filesystem::path& encoder_folder);

}  // namespace dnd::text
