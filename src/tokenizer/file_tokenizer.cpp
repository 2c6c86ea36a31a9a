#include "tokenizer/file_tokenizer.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "tokenizer/clean_up.h"

namespace dnd::tokenizer {
namespace {

constexpr std::size_t kContext = 32;  // tokens before others that their text depends on

class FileTokenizer final : public BaseTokenizer {
 public:
  FileTokenizer(Tokenizer tokenizer, bool cleans_up)
      : tokenizer_(std::move(tokenizer)), cleans_up_(cleans_up) {}

  std::vector<TokenId> encode(std::string_view text, bool markers) const override {
    return tokenizer_.encode(text, markers);
  }
  std::string decode(std::span<const TokenId> ids, bool skip_special_tokens) const override {
    std::string text = tokenizer_.decode(ids, skip_special_tokens);
    if (cleans_up_) clean_up(text, /*contracts_do_not=*/false);
    return text;
  }
  std::string decode_after(std::span<const TokenId> before,
                           std::span<const TokenId> ids) const override {
    before = before.last(std::min(before.size(), kContext));
    std::vector<TokenId> all(before.begin(), before.end());
    all.insert(all.end(), ids.begin(), ids.end());
    const std::string known = decode(before, true);
    std::string text = decode(all, true);
    if (!text.starts_with(known)) return decode(ids, true);
    return text.substr(known.size());
  }
  std::optional<TokenId> id_of(std::string_view token) const override {
    return tokenizer_.id_of(token);
  }
  std::optional<std::string> token_of(TokenId id) const override { return tokenizer_.token_of(id); }
  std::int64_t vocabulary_size() const override { return tokenizer_.vocabulary_size(); }
  std::int64_t model_vocabulary_size() const override { return tokenizer_.model_vocabulary_size(); }

 private:
  Tokenizer tokenizer_;
  bool cleans_up_;
};

}  // namespace

std::unique_ptr<BaseTokenizer> make_file_tokenizer(Tokenizer tokenizer, bool cleans_up) {
  return std::make_unique<FileTokenizer>(std::move(tokenizer), cleans_up);
}

}  // namespace dnd::tokenizer
