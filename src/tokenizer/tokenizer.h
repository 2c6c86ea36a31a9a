// Hugging Face's tokenizer.json: text <-> token ids, exactly as the library `tokenizers` 0.23 has them.
//
// Read are its models (BPE, Unigram, WordPiece, WordLevel), normalizers, pre-tokenizers, post-processors,
// decoders and added tokens. Anything else in their place is refused by name: types of other libraries,
// chance ("dropout"), regular expressions that mean something else to PCRE2, duplicate keys. "truncation"
// and "padding" are the caller's business, as they are with transformers.
//
// Non-goals: offsets, pairs of texts, training.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace dnd::tokenizer {

using TokenId = std::int32_t;

class Model;

// Immutable once it is made: one object may serve several threads.
class Tokenizer {
 public:
  // Throws Error(no_input) or Error(data).
  static Tokenizer from_file(const std::filesystem::path& tokenizer_json);
  // `json`: the content of such a file; `who` begins messages.
  static Tokenizer from_json(std::string_view json, const std::string& who);
  static Tokenizer from_document(const Json& document, const std::string& who);
  // With a model from elsewhere in the place of the document's.
  static Tokenizer from_document(const Json& document, std::unique_ptr<Model> model,
                                 const std::string& who);

  // What a folder's settings change, before anything is encoded: the "post_processor", and that special
  // tokens in a text are text as any other.
  void replace_post_processor(const Json& value, const std::string& who);
  void split_special_tokens();

  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  // The ids of a text; with `add_special_tokens`, what the post-processor puts around it, too. Special
  // tokens that the text spells out are found in it. Bytes that are not UTF-8 count as U+FFFD. Throws
  // Error(data) where the library fails: for what is unknown to a model without a token for that, and where
  // an expression takes too much work.
  std::vector<TokenId> encode(std::string_view text, bool add_special_tokens) const;
  // The text of ids; unknown ids are passed over. Throws Error(data) where the library fails.
  std::string decode(std::span<const TokenId> ids, bool skip_special_tokens) const;

  std::optional<TokenId> id_of(std::string_view token) const;
  std::optional<std::string> token_of(TokenId id) const;
  bool is_added(TokenId id) const;  // an added token has it, and may stand for a token of the model
  // Every id is below this; without added tokens.
  std::int64_t vocabulary_size() const;
  std::int64_t model_vocabulary_size() const;

 private:
  struct Parts;
  explicit Tokenizer(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace dnd::tokenizer
