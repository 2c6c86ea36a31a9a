#include "tokenizer/encoder_tokenizer.h"

#include <algorithm>

#include "base/paths.h"
#include "base/strings.h"
#include "text/sentencepiece.h"
#include "tokenizer/base_tokenizer.h"

namespace dnd::tokenizer {
namespace fs = std::filesystem;
namespace {

// Texts between markers, cut so that the markers stay.
class EncoderTokenizer final : public text::TextTokenizer {
 public:
  EncoderTokenizer(FolderTokenizer folder, const std::string& who)
      : tokenizer_(std::move(folder.tokenizer)) {
    const Ids whole = tokenizer_->encode("a", true);
    const Ids inner = tokenizer_->encode("a", false);
    const auto at = std::search(whole.begin(), whole.end(), inner.begin(), inner.end());
    if (inner.empty() || at == whole.end()) {
      fail(ErrorKind::data, who, ": a text does not stand between markers (not an encoder's?)");
    }
    before_.assign(whole.begin(), at);
    after_.assign(at + static_cast<std::ptrdiff_t>(inner.size()), whole.end());
    const std::optional<TokenId> padding =
        tokenizer_->id_of(folder.special_token("pad_token").value_or("[PAD]"));
    if (!padding) fail(ErrorKind::data, who, ": has no token for padding, [PAD] (not BERT's?)");
    padding_ = *padding;
    vocabulary_size_ = tokenizer_->vocabulary_size();
    for (const TokenId id : whole) {
      vocabulary_size_ = std::max<std::int64_t>(vocabulary_size_, std::int64_t{id} + 1);
    }
  }

  std::vector<TokenId> encode(std::string_view text, std::size_t max_length) const override {
    const std::size_t markers = before_.size() + after_.size();
    if (max_length < markers) {
      fail(ErrorKind::usage, "tokenizer: a length of ", max_length, " has no room for the ",
           markers, " markers");
    }
    Ids ids = tokenizer_->encode(text, false);
    ids.resize(std::min(ids.size(), max_length - markers));
    ids.insert(ids.begin(), before_.begin(), before_.end());
    ids.insert(ids.end(), after_.begin(), after_.end());
    return ids;
  }
  std::int32_t padding_id() const override { return padding_; }
  std::int64_t vocabulary_size() const override { return vocabulary_size_; }

 private:
  using Ids = std::vector<TokenId>;

  std::unique_ptr<BaseTokenizer> tokenizer_;
  Ids before_;
  Ids after_;
  TokenId padding_ = 0;
  std::int64_t vocabulary_size_ = 0;
};

}  // namespace

std::unique_ptr<text::TextTokenizer> load_encoder_tokenizer(const fs::path& folder) {
  if (is_file(folder / "spiece.model")) return text::load_sentencepiece(folder);
  if (!has_tokenizer(folder)) {
    fail(ErrorKind::no_input, "tokenizer: ", folder.string(),
         ": holds none of spiece.model, tokenizer.json, vocab.txt (not an encoder's folder?)");
  }
  return std::make_unique<EncoderTokenizer>(read_folder(folder),
                                            cat("tokenizer: ", folder.string()));
}

}  // namespace dnd::tokenizer
