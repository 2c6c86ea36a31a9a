#include "text/sentencepiece.h"

#include <algorithm>
#include <utility>

#include "base/file.h"
#include "base/json.h"
#include "base/paths.h"
#include "base/strings.h"
#include "text/sentencepiece_model.h"
#include "text/special_tokens.h"

namespace dnd::text {
namespace fs = std::filesystem;
namespace {

constexpr int kExtraIds = 100;

class SentencePieceTokenizer final : public TextTokenizer {
 public:
  SentencePieceTokenizer(const fs::path& model, std::int64_t embedding_rows)
      : who_("tokenizer: " + model.string()), pieces_(MappedFile(model).text(), who_) {
    end_id_ = required_id("</s>");
    padding_id_ = required_id("<pad>");
    specials_ = {{"</s>", end_id_}, {"<pad>", padding_id_}, {"<unk>", pieces_.unknown_id()}};
    vocabulary_size_ = pieces_.size();
    if (vocabulary_size_ + kExtraIds <= embedding_rows) add_extra_ids();
  }

  std::vector<std::int32_t> encode(std::string_view text, std::size_t max_length) const override {
    if (max_length == 0) {
      fail(ErrorKind::usage, "tokenizer: a length of 0 has no room for the end marker </s>");
    }
    std::vector<std::int32_t> ids;
    split_at_special_tokens(
        text, specials_, [&](std::string_view segment) { pieces_.encode(segment, ids); },
        [&](std::int32_t id) { ids.push_back(id); });
    ids.resize(std::min(ids.size(), max_length - 1));
    ids.push_back(end_id_);
    return ids;
  }

  std::int32_t padding_id() const override { return padding_id_; }
  std::int64_t vocabulary_size() const override { return vocabulary_size_; }

 private:
  std::int32_t required_id(const char* piece) const {
    const auto id = pieces_.find(piece);
    if (!id) fail(ErrorKind::data, who_, ": the vocabulary has no ", piece, " (not T5's?)");
    return *id;
  }

  void add_extra_ids() {
    for (int n = 0; n < kExtraIds; ++n) {
      const auto id = static_cast<std::int32_t>(vocabulary_size_ + kExtraIds - 1 - n);
      specials_.push_back({cat("<extra_id_", n, ">"), id});
    }
    vocabulary_size_ += kExtraIds;
  }

  std::string who_;
  SentencePieceModel pieces_;
  std::vector<SpecialToken> specials_;
  std::int32_t end_id_ = 0;
  std::int32_t padding_id_ = 0;
  std::int64_t vocabulary_size_ = 0;
};

// vocab_size of config.json; 0 where the folder does not say.
std::int64_t embedding_rows(const fs::path& config) {
  if (!path_exists(config)) return 0;
  const std::string who = "encoder: " + config.string();
  const Json json = read_json_file(config, who);
  return JsonObject(json, who).integer_or("vocab_size", 0, 0, INT32_MAX);
}

}  // namespace

std::unique_ptr<TextTokenizer> load_sentencepiece(const fs::path& encoder_folder) {
  return std::make_unique<SentencePieceTokenizer>(encoder_folder / "spiece.model",
                                                  embedding_rows(encoder_folder / "config.json"));
}

}  // namespace dnd::text
