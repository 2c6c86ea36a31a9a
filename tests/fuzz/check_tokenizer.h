// What every tokenizer of a base model promises, whatever files it was read from.
#pragma once

#include <string_view>

#include "fuzz/fuzz_support.h"
#include "tokenizer/base_tokenizer.h"

namespace dnd::fuzz {

inline void check_id(const tokenizer::BaseTokenizer& tokenizer, tokenizer::TokenId id) {
  require(id >= 0 && id < tokenizer.vocabulary_size(), "every id is below the vocabulary's size");
}

// Ids of `text` are known, and what they mean is UTF-8.
inline void check_text(const tokenizer::BaseTokenizer& tokenizer, std::string_view text) {
  const auto ids = tokenizer.encode(text);
  for (const tokenizer::TokenId id : ids) check_id(tokenizer, id);
  require(is_valid_utf8(tokenizer.decode(ids, false)), "a decoded text is UTF-8");
  tokenizer.decode_after(ids, ids);
}

}  // namespace dnd::fuzz
