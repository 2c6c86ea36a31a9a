// Parts of a tokenizer.json, as the classes of transformers bring them.
#pragma once

#include <optional>
#include <string_view>

#include "base/json.h"
#include "tokenizer/added_tokens.h"

namespace dnd::tokenizer {

inline Json byte_level_json(bool add_prefix_space, bool use_regex) {
  return {{"type", "ByteLevel"},
          {"add_prefix_space", add_prefix_space},
          {"trim_offsets", true},
          {"use_regex", use_regex}};
}

// Every match of an expression by itself.
inline Json split_json(std::string_view expression) {
  return {{"type", "Split"},
          {"pattern", {{"Regex", expression}}},
          {"behavior", "Isolated"},
          {"invert", false}};
}

// An entry of "added_tokens".
Json token_json(const AddedToken& token);

// TemplateProcessing with an id before and behind the text.
Json template_json(std::optional<TokenId> begin, std::optional<TokenId> end);

}  // namespace dnd::tokenizer
