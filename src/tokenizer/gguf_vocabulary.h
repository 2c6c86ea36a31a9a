// The tokens of a GGUF file, and what it says of some of them, put together as llama.cpp does
// (src/llama-vocab.cpp): its keys first, then the texts that it knows.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/gguf.h"
#include "tokenizer/vocabulary.h"

namespace dnd::tokenizer {

// The numbers are the file's (tokenizer.ggml.token_type).
enum class GgufTokenKind : std::uint8_t {
  undefined = 0,
  normal = 1,
  unknown = 2,
  control = 3,
  user_defined = 4,
  unused = 5,
  byte = 6,
};

struct GgufToken {
  std::string text;  // UTF-8, not empty; no two tokens have the same
  float score = 0.0F;
  GgufTokenKind kind = GgufTokenKind::normal;
};

struct GgufVocabulary {
  std::vector<GgufToken> tokens;  // by id
  Vocabulary vocabulary;          // the same
  // What keys give, by their names: "bos" for tokenizer.ggml.bos_token_id. Ids of no token are left
  // out.
  std::map<std::string, TokenId, std::less<>> named;
  std::vector<TokenId> ends;  // what ends an answer, ascending

  std::optional<TokenId> find_named(std::string_view name) const;
};

// `who` begins messages. Throws Error(data): no tokens, two of one text, lists of other types or
// lengths, scores that are no numbers.
GgufVocabulary read_gguf_vocabulary(const formats::GgufFile& file, const std::string& who);

}  // namespace dnd::tokenizer
