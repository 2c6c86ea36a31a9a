#include "text/sentencepiece.h"

#include <sentencepiece_processor.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "base/file.h"
#include "base/json.h"
#include "base/strings.h"
#include "text/charsmap.h"
#include "text/special_tokens.h"

namespace dnd::text {
namespace fs = std::filesystem;
namespace {

constexpr int kExtraIds = 100;

class SentencePieceTokenizer final : public TextTokenizer {
 public:
  SentencePieceTokenizer(const fs::path& model, std::int64_t embedding_rows)
      : who_("tokenizer: " + model.string()) {
    const MappedFile file(model);
    check_charsmaps(file.text(), who_);
    load(file.text());
    end_id_ = required_id("</s>");
    padding_id_ = required_id("<pad>");
    specials_ = {{"</s>", end_id_}, {"<pad>", padding_id_}, {"<unk>", pieces_.unk_id()}};
    vocabulary_size_ = pieces_.GetPieceSize();
    if (vocabulary_size_ + kExtraIds <= embedding_rows) add_extra_ids();
  }

  std::vector<std::int32_t> encode(std::string_view text, std::size_t max_length) const override {
    if (max_length == 0) {
      fail(ErrorKind::usage, "tokenizer: a length of 0 has no room for the end marker </s>");
    }
    std::vector<std::int32_t> ids;
    split_at_special_tokens(
        text, specials_, [&](std::string_view segment) { append_segment(segment, ids); },
        [&](std::int32_t id) { ids.push_back(id); });
    ids.resize(std::min(ids.size(), max_length - 1));
    ids.push_back(end_id_);
    return ids;
  }

  std::int32_t padding_id() const override { return padding_id_; }
  std::int64_t vocabulary_size() const override { return vocabulary_size_; }

 private:
  // What it does not like the library says by its status, or (Darts-clone) by an exception.
  void load(std::string_view model) {
    std::string problem;
    try {
      const auto status = pieces_.LoadFromSerializedProto(model);
      if (!status.ok()) problem = status.ToString();
    } catch (const std::exception& error) {
      problem = error.what();
    }
    if (problem.empty()) return;
    fail(ErrorKind::data, who_, ": not a SentencePiece model: ", printable(problem));
  }

  std::int32_t required_id(const char* piece) const {
    const int id = pieces_.PieceToId(piece);
    if (id == pieces_.unk_id()) {
      fail(ErrorKind::data, who_, ": the vocabulary has no ", piece, " (not T5's?)");
    }
    return id;
  }

  void add_extra_ids() {
    for (int n = 0; n < kExtraIds; ++n) {
      const auto id = static_cast<std::int32_t>(vocabulary_size_ + kExtraIds - 1 - n);
      specials_.push_back({cat("<extra_id_", n, ">"), id});
    }
    vocabulary_size_ += kExtraIds;
  }

  void append_segment(std::string_view segment, std::vector<std::int32_t>& ids) const {
    std::vector<int> found;
    const auto status = pieces_.Encode(segment, &found);
    if (!status.ok()) fail(ErrorKind::internal, who_, ": ", printable(status.ToString()));
    ids.insert(ids.end(), found.begin(), found.end());
  }

  std::string who_;
  sentencepiece::SentencePieceProcessor pieces_;
  std::vector<SpecialToken> specials_;
  std::int32_t end_id_ = 0;
  std::int32_t padding_id_ = 0;
  std::int64_t vocabulary_size_ = 0;
};

// vocab_size of config.json; 0 where the folder does not say.
std::int64_t embedding_rows(const fs::path& config) {
  if (!fs::exists(config)) return 0;
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
