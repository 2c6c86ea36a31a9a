// How the BPE tokenizers of GGUF files cut a text into words: "tokenizer.ggml.pre" names it.
//
// The names and expressions are llama.cpp's (src/llama-vocab.cpp, src/unicode.cpp), as they act there:
// some differ from what the models were trained with, e.g. all letters in the place of upper-case ones.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dnd::tokenizer {

struct GgufWords {
  std::vector<std::string> expressions;  // one after another, each cuts what the others left
  bool ignores_merges = false;           // a word that is a token is taken whole
  bool adds_begin = false;               // where the file does not say
  bool bytes = true;  // in GPT-2's alphabet; else UTF-8, with tokens <0x00> to <0xFF>
  bool ignores_merges_of_breaks = false;  // one of line breaks alone
  bool escapes_spaces = false;            // as U+2581
};

// Throws Error(data) naming a name that is not known. Empty: none was given. `who` begins messages.
GgufWords gguf_words(std::string_view name, const std::string& who);

}  // namespace dnd::tokenizer
