// BERT's WordPiece tokenizer: [CLS], the longest known pieces of every word, [SEP].
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "text/bert_words.h"
#include "text/special_tokens.h"
#include "text/tokenizer.h"

namespace dnd::text {

// Lets maps keyed by std::string be asked with views.
struct StringHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>{}(text);
  }
};
using TokenIds = std::unordered_map<std::string, std::int32_t, StringHash, std::equal_to<>>;

struct WordPieceConfig {
  TokenIds vocabulary;  // pieces that continue a word begin with "##"
  std::vector<SpecialToken> specials;
  BertNormalization normalization;
  std::size_t longest_word = 100;  // in characters; longer words are unknown
  std::int32_t begin_id = 0;       // [CLS]
  std::int32_t end_id = 0;         // [SEP]
  std::int32_t padding_id = 0;     // [PAD]
  std::int32_t unknown_id = 0;     // [UNK]
};

class WordPieceTokenizer final : public TextTokenizer {
 public:
  explicit WordPieceTokenizer(WordPieceConfig config);

  std::vector<std::int32_t> encode(std::string_view text, std::size_t max_length) const override;
  std::int32_t padding_id() const override { return config_.padding_id; }
  std::int64_t vocabulary_size() const override { return vocabulary_size_; }

 private:
  void append_segment(std::string_view segment, std::size_t room,
                      std::vector<std::int32_t>& ids) const;
  void append_word(const BertWord& word, std::vector<std::int32_t>& ids) const;

  WordPieceConfig config_;         // its vocabulary moved into the two below
  TokenIds first_;                 // pieces that begin a word
  TokenIds rest_;                  // pieces that continue one, without "##"
  std::size_t longest_piece_ = 0;  // in bytes
  std::int64_t vocabulary_size_ = 0;
};

// From tokenizer.json (refused unless it describes BERT's tokenizer), else from vocab.txt; settings
// in tokenizer_config.json (do_lower_case, strip_accents, tokenize_chinese_chars) come on top, as
// BertTokenizerFast applies them.
WordPieceConfig read_wordpiece_config(const std::filesystem::path& encoder_folder);
std::unique_ptr<TextTokenizer> load_wordpiece(const std::filesystem::path& encoder_folder);

}  // namespace dnd::text
