#include "tokenizer/sentencepiece_tokenizer.h"

#include "text/lm_tokenizer.h"
#include "tokenizer/chat_templates.h"

namespace dnd::tokenizer {
namespace fs = std::filesystem;
namespace {

class SentencePieceTokenizer final : public BaseTokenizer {
 public:
  explicit SentencePieceTokenizer(const fs::path& folder) : tokenizer_(folder) {}

  std::vector<TokenId> encode(std::string_view text, bool markers) const override {
    return tokenizer_.encode(text, markers);
  }
  std::string decode(std::span<const TokenId> ids, bool skip_special_tokens) const override {
    return tokenizer_.decode_text(ids, skip_special_tokens);
  }
  std::string decode_after(std::span<const TokenId> /*before*/,
                           std::span<const TokenId> ids) const override {
    return tokenizer_.decode(ids);
  }
  std::optional<TokenId> id_of(std::string_view token) const override {
    return tokenizer_.id_of(token);
  }
  std::optional<std::string> token_of(TokenId id) const override { return tokenizer_.token_of(id); }
  std::int64_t vocabulary_size() const override { return tokenizer_.vocabulary_size(); }
  std::int64_t model_vocabulary_size() const override { return tokenizer_.pieces(); }

 private:
  text::LmTokenizer tokenizer_;
};

// A text, or an object with "content".
std::optional<std::string> token_text(const Json& settings, const char* key, const char* fallback) {
  if (!settings.contains(key)) return fallback;
  const Json& value = settings.at(key);
  if (value.is_string()) return value.get<std::string>();
  if (value.is_object() && value.contains("content") && value.at("content").is_string()) {
    return value.at("content").get<std::string>();
  }
  return std::nullopt;
}

}  // namespace

FolderTokenizer read_sentencepiece_folder(const fs::path& folder, const Json& settings) {
  FolderTokenizer result;
  result.tokenizer = std::make_unique<SentencePieceTokenizer>(folder);
  for (const auto& [name, fallback] : {std::pair{"bos_token", "<s>"},
                                       {"eos_token", "</s>"},
                                       {"unk_token", "<unk>"},
                                       {"pad_token", ""}}) {
    const std::optional<std::string> text = token_text(settings, name, fallback);
    if (text && !text->empty()) result.special_tokens.emplace_back(name, *text);
  }
  result.chat_templates = read_chat_templates(folder, settings);
  return result;
}

}  // namespace dnd::tokenizer
