#include "text/bert_words.h"

#include <utility>

#include "text/unicode.h"

namespace dnd::text {
namespace {

class WordSplitter {
 public:
  // Takes one normalised character.
  void add(char32_t point) {
    if (is_whitespace(point)) return end_word();
    const bool alone = is_bert_punctuation(point);
    if (alone) end_word();
    append_utf8(word_.text, point);
    ++word_.characters;
    if (alone) end_word();
  }

  void end_word() {
    if (word_.characters > 0) words_.push_back(std::exchange(word_, {}));
  }

  std::vector<BertWord> take() {
    end_word();
    return std::move(words_);
  }

 private:
  BertWord word_;
  std::vector<BertWord> words_;
};

// What becomes of one character that cleaning kept.
std::u32string normalized(char32_t point, const BertNormalization& rules) {
  std::u32string out;
  for (const char32_t part : rules.strip_accents ? decompose(point) : std::u32string{point}) {
    if (rules.strip_accents && is_nonspacing_mark(part)) continue;
    if (rules.lower_case) {
      append_lower(out, part);
    } else {
      out += part;
    }
  }
  return out;
}

}  // namespace

std::vector<BertWord> bert_words(std::string_view text, const BertNormalization& rules) {
  WordSplitter splitter;
  for (const char32_t point : decode_utf8(text)) {
    // U+FFFD also stands for bytes that are not UTF-8, which the reference never sees.
    if (rules.clean_text && is_deleted_by_bert(point)) continue;
    const bool ideograph = rules.space_ideographs && is_bert_ideograph(point);
    if (ideograph) splitter.end_word();
    for (const char32_t part : normalized(point, rules)) splitter.add(part);
    if (ideograph) splitter.end_word();
  }
  return splitter.take();
}

}  // namespace dnd::text
