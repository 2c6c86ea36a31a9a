// The tokenizer, chat templates and end markers that a GGUF file brings (tokenizer.ggml.*,
// tokenizer.chat_template), as llama.cpp reads them: ids are those of its llama_tokenize() with
// parse_special.
//
// Goals: the kinds "gpt2" (BPE, all names of words that llama.cpp has but "whitespace"), "gemma4" and "llama"
// (SentencePiece's scores). Others are refused by name. Not followed: where special tokens overlap in a text,
// the leftmost counts, then the longest; and characters that are no tokens of the kind "llama" are their
// bytes, whatever longer tokens they are in (published files have no such).
#pragma once

#include "formats/gguf.h"
#include "tokenizer/base_tokenizer.h"

namespace dnd::tokenizer {

// `file`: the one with the metadata, the first of several. Throws Error(data).
FolderTokenizer read_gguf_tokenizer(const formats::GgufFile& file);

}  // namespace dnd::tokenizer
