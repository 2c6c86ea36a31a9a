// BERT's normalisation and word splitting, as Hugging Face's fast tokenizers do it
// (BertNormalizer, then BertPreTokenizer).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace dnd::text {

struct BertNormalization {
  bool clean_text = true;        // delete control characters, make white space spaces
  bool space_ideographs = true;  // every ideograph is a word
  bool strip_accents = true;     // decompose, drop nonspacing marks
  bool lower_case = true;
};

struct BertWord {
  std::string text;            // UTF-8, never empty
  std::size_t characters = 0;  // code points in it
};

// The words of a text: split at white space; every punctuation character is a word. Canonical
// reordering of marks is left out: it moves only marks that strip_accents drops anyway, and a few
// that no vocabulary holds, whose words are unknown in any order.
std::vector<BertWord> bert_words(std::string_view text, const BertNormalization& rules);

}  // namespace dnd::text
