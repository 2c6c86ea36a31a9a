// A base model's tokenizer, as its folder has it: one interface, whatever files it is made of.
//
// A folder with tokenizer.json gives what transformers 5 gives, AutoTokenizer.from_pretrained(folder):
// ids of tokenizer(text), texts of decode(ids). Settings of tokenizer_config.json,
// special_tokens_map.json and added_tokens.json are followed, and so is what transformers makes of a
// "tokenizer_class": some classes keep of a tokenizer.json its vocabulary, merges and post-processor
// alone, and bring their own rest. Classes with rules of their own that are not known here are refused by
// name. A folder with tokenizer.model alone (SentencePiece) gives what LlamaTokenizer gives
// (text/lm_tokenizer.h), one with vocab.txt alone what BertTokenizer gives. A GGUF gives what llama.cpp gives
// (gguf_tokenizer.h).
//
// Non-goals: code that a folder brings ("auto_map"), pairs of texts, truncation and padding.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tokenizer/vocabulary.h"

namespace dnd::tokenizer {

// Immutable after construction: one object may serve several threads.
class BaseTokenizer {
 public:
  BaseTokenizer() = default;
  BaseTokenizer(const BaseTokenizer&) = delete;
  BaseTokenizer& operator=(const BaseTokenizer&) = delete;
  virtual ~BaseTokenizer() = default;

  // The ids of a text; with `markers`, what the tokenizer puts around every text, too. Special tokens
  // that the text spells out are found in it. Bytes that are not UTF-8 count as U+FFFD. Throws
  // Error(data) as Tokenizer::encode().
  virtual std::vector<TokenId> encode(std::string_view text, bool markers) const = 0;
  std::vector<TokenId> encode(std::string_view text) const { return encode(text, true); }
  // The text of ids; unknown ids are passed over. Throws Error(data) as Tokenizer::decode().
  virtual std::string decode(std::span<const TokenId> ids, bool skip_special_tokens) const = 0;
  // What `ids` add to the text of the ids `before` them, special tokens left out: mostly with the leading
  // space that decode() drops at the beginning of a text.
  virtual std::string decode_after(std::span<const TokenId> before,
                                   std::span<const TokenId> ids) const = 0;

  virtual std::optional<TokenId> id_of(std::string_view token) const = 0;
  virtual std::optional<std::string> token_of(TokenId id) const = 0;
  // Every id is below this; and below the other without tokens that were added to the vocabulary.
  virtual std::int64_t vocabulary_size() const = 0;
  virtual std::int64_t model_vocabulary_size() const = 0;
};

// The source of a template, not looked into. "default" is the name of the one that has none.
struct ChatTemplate {
  std::string name;
  std::string source;
  bool operator==(const ChatTemplate&) const = default;
};

struct FolderTokenizer {
  std::unique_ptr<BaseTokenizer> tokenizer;
  // "bos_token", "eos_token", "unk_token", "pad_token" and others that the folder names, with their
  // texts: what templates know, too.
  std::vector<std::pair<std::string, std::string>> special_tokens;
  std::vector<ChatTemplate> chat_templates;
  // The tokens that end an answer: the end marker, and what else the files say of tokens. A model's own
  // configuration may know better (generation_config.json).
  std::vector<TokenId> ends;

  // Of a name above; std::nullopt where the folder names none.
  std::optional<std::string> special_token(std::string_view name) const;
  std::optional<TokenId> special_id(std::string_view name) const;
};

// Whether the folder has a file that read_folder() begins with.
bool has_tokenizer(const std::filesystem::path& folder);

// `path`: a folder, a .gguf, or a folder with one GGUF and no tokenizer's files; of a GGUF in parts any.
// Throws Error(no_input) where there is none, or Error(data): malformed, not supported, or a
// tokenizer.model beside the tokenizer.json that has other tokens.
FolderTokenizer read_folder(const std::filesystem::path& path);

}  // namespace dnd::tokenizer
