// Byte-pair encoding by tokens and merges, from wherever these are read.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "tokenizer/model.h"

namespace dnd::tokenizer {

struct BpeSettings {
  std::optional<std::string> unknown;
  std::string prefix;  // of tokens that continue a word
  std::string suffix;  // of tokens that end a word
  bool fuses_unknown = false;
  bool byte_fallback = false;
  bool ignores_merges = false;            // a piece that is a token is taken whole
  bool ignores_merges_of_breaks = false;  // one of line breaks alone
  bool parts_at_unknown =
      false;  // what is unknown and left out still parts what is before and behind it
};

// Two tokens that become one. Of all that may, those of the lowest rank come first, of these the
// leftmost.
struct BpeMerge {
  TokenId left = kNoToken;
  TokenId right = kNoToken;
  std::uint32_t rank = 0;
  TokenId id = kNoToken;  // of both together
};

// `vocabulary` is finished and has the ids of the merges; of several of one pair the last counts.
std::unique_ptr<Model> make_bpe(Vocabulary vocabulary, std::span<const BpeMerge> merges,
                                BpeSettings settings);

}  // namespace dnd::tokenizer
