// Tokens that are found in the text itself, before a model sees it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/json.h"
#include "tokenizer/model.h"
#include "tokenizer/normalizer.h"

namespace dnd::tokenizer {

struct AddedToken {
  std::string content;
  bool single_word = false;  // not beside a letter or digit
  bool lstrip = false;       // takes the white space before it
  bool rstrip = false;       // and behind it
  bool normalized = true;    // found in the normalised text, as normalised; else in the original
  bool special = false;      // left out of decoded texts on demand
  bool operator==(const AddedToken&) const = default;
};

// Immutable once all tokens are there: one object may serve several threads.
class AddedTokens {
 public:
  // A part of a text, which is a token or (kNoToken) stands between tokens.
  struct Part {
    std::size_t begin;
    std::size_t end;
    TokenId token;
  };

  // Each token gets the model's id where it has one, else the next free one. `normalizer` may be null.
  // Throws Error(data).
  void add(const std::vector<AddedToken>& tokens, const Model& model, const Normalizer* normalizer);

  // From now on special tokens are not found in texts.
  void split_special() { splits_special_ = true; }
  bool finds_in_original() const { return !original_.empty(); }
  bool finds_in_normalized() const { return !normalized_.empty(); }
  // The parts that cover `text`. Parts may overlap, where a token takes white space that another begins
  // with.
  void find_in_original(std::string_view text, std::vector<Part>& parts) const;
  void find_in_normalized(std::string_view text, std::vector<Part>& parts) const;

  TokenId find(std::string_view content) const;
  const std::string* content(TokenId id) const;  // null: no added token
  // What a decoder gets: the content as normalised.
  const std::string* decoded(TokenId id) const;
  bool is_special(const std::string& text) const { return special_.contains(text); }
  TokenId last_id() const { return last_id_; }

 private:
  void rebuild();
  void find(std::string_view text, const ByteTrie& trie, std::vector<Part>& parts) const;

  std::unordered_map<std::string, TokenId> ids_;
  std::unordered_map<TokenId, AddedToken> tokens_;
  std::unordered_map<TokenId, std::string> normalized_content_;  // where it differs
  std::unordered_set<std::string> special_;
  TokenId last_id_ = kNoToken;
  bool splits_special_ = false;
  ByteTrie original_;
  ByteTrie normalized_;
};

// Entries of "added_tokens" (their ids count for nothing, as in the reference).
std::vector<AddedToken> read_added_tokens(const Json& list, const std::string& who);

}  // namespace dnd::tokenizer
