#include "text/wordpiece.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"

namespace dnd::text {
namespace {

constexpr std::string_view kContinuation = "##";
constexpr std::size_t kMarkers = 2;  // [CLS] and [SEP]

bool is_utf8_boundary(std::string_view text, std::size_t position) {
  return position == text.size() || (static_cast<unsigned char>(text[position]) & 0xC0U) != 0x80U;
}

}  // namespace

WordPieceTokenizer::WordPieceTokenizer(WordPieceConfig config) : config_(std::move(config)) {
  // The markers come from other places than the vocabulary and need not be in it.
  vocabulary_size_ =
      1 + std::max({config_.begin_id, config_.end_id, config_.padding_id, config_.unknown_id});
  for (const auto& [piece, id] : std::exchange(config_.vocabulary, {})) {
    if (piece.starts_with(kContinuation) && piece.size() > kContinuation.size()) {
      rest_.emplace(piece.substr(kContinuation.size()), id);
    }
    first_.emplace(piece, id);
    longest_piece_ = std::max(longest_piece_, piece.size());
    vocabulary_size_ = std::max<std::int64_t>(vocabulary_size_, id + 1);
  }
  for (const SpecialToken& special : config_.specials) {
    vocabulary_size_ = std::max<std::int64_t>(vocabulary_size_, special.id + 1);
  }
}

std::vector<std::int32_t> WordPieceTokenizer::encode(std::string_view text,
                                                     std::size_t max_length) const {
  if (max_length < kMarkers) {
    fail(ErrorKind::usage, "tokenizer: a length of ", max_length,
         " has no room for the two markers [CLS] and [SEP]");
  }
  const std::size_t room = max_length - 1;  // for all but [SEP]
  std::vector<std::int32_t> ids = {config_.begin_id};
  split_at_special_tokens(
      text, config_.specials, [&](std::string_view segment) { append_segment(segment, room, ids); },
      [&](std::int32_t id) { ids.push_back(id); });
  ids.resize(std::min(ids.size(), room));
  ids.push_back(config_.end_id);
  return ids;
}

// Text without special tokens; stops once `ids` holds `room` of them.
void WordPieceTokenizer::append_segment(std::string_view segment, std::size_t room,
                                        std::vector<std::int32_t>& ids) const {
  for (const BertWord& word : bert_words(segment, config_.normalization)) {
    if (ids.size() >= room) return;
    append_word(word, ids);
  }
}

// Greedy longest match first; a word with any part unknown is unknown as a whole.
void WordPieceTokenizer::append_word(const BertWord& word, std::vector<std::int32_t>& ids) const {
  const std::size_t ids_before = ids.size();
  const auto unknown = [&] {
    ids.resize(ids_before);
    ids.push_back(config_.unknown_id);
  };
  if (word.characters > config_.longest_word) return unknown();
  std::string_view left = word.text;
  while (!left.empty()) {
    const TokenIds& pieces = left.size() == word.text.size() ? first_ : rest_;
    std::size_t length = std::min(left.size(), longest_piece_);
    auto found = pieces.end();
    for (; length > 0 && found == pieces.end(); --length) {
      if (is_utf8_boundary(left, length)) found = pieces.find(left.substr(0, length));
    }
    if (found == pieces.end()) return unknown();
    ids.push_back(found->second);
    left.remove_prefix(length + 1);  // the loop's last step took one too many
  }
}

std::unique_ptr<TextTokenizer> load_wordpiece(const std::filesystem::path& encoder_folder) {
  return std::make_unique<WordPieceTokenizer>(read_wordpiece_config(encoder_folder));
}

}  // namespace dnd::text
