// The GloVe "encoder": one word vector a word, without any network (docs/algorithm.md, section 2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace dnd::text {

// The words of a prompt: lower-case; what stands before the first line break; without , ; : ? and
// without full stops that have no digit on both sides; "-" becomes a space; split at single spaces,
// so that two spaces give an empty word. Lower-casing is character by character (Σ is always σ).
std::vector<std::string> glove_words(std::string_view prompt);

// Condition of a batch, (prompts, length, width) row-major.
struct GloveCondition {
  std::int64_t prompts = 0;
  std::int64_t length = 0;
  std::int64_t width = 0;
  std::vector<float> values;
  std::size_t words = 0;    // words within `length`, over all prompts
  std::size_t unknown = 0;  // of these, without a vector
};

// Row (i, j) is the vector of word j of prompt i in `file`; all ones for an unknown word, zeros
// behind the last word; words from `length` on are left out.
//
// `file` has lines "word v1 ... v<width>" and may be larger than memory: it is mapped, read once
// from the start, and left once every word is found (so the first of two lines for a word counts).
// A line with more fields holds a word with spaces, which no prompt gives. Throws Error(no_input),
// or Error(data) for a line with too few fields or, for a word in use, a field that is no number.
GloveCondition glove_condition(const std::filesystem::path& file,
                               const std::vector<std::string>& prompts, std::size_t length,
                               std::size_t width);

}  // namespace dnd::text
