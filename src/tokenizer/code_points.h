// Sets of code points, and what the reference knows about each of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/unicode_data.h"

namespace dnd::tokenizer {

inline constexpr char32_t kCodePoints = 0x110000;

// A bit for every code point (136 KiB).
class CodePointSet {
 public:
  CodePointSet() : words_(kCodePoints / 64) {}
  explicit CodePointSet(const CategorySet& set);

  bool contains(char32_t point) const { return (words_[point >> 6U] >> (point & 63U) & 1U) != 0; }
  void add(char32_t first, char32_t last);
  void flip(char32_t first, char32_t last);
  CodePointSet& operator|=(const CodePointSet& other);
  CodePointSet& operator&=(const CodePointSet& other);
  void invert();  // surrogates stay outside
  bool operator==(const CodePointSet& other) const = default;

  std::vector<CodePointRange> ranges() const;

 private:
  std::vector<std::uint64_t> words_;
};

// General categories (values of utf8proc_category) by code point, of Oniguruma and of PCRE2.
const std::vector<std::uint8_t>& onig_categories();
const std::vector<std::uint8_t>& pcre2_categories();

// Made once, at first use.
const CodePointSet& rust_word();
const CodePointSet& rust_numeric();
const CodePointSet& rust_whitespace();
const CodePointSet& combining_marks();
const CodePointSet& punctuation();
const CodePointSet& bert_deleted();
const CodePointSet& bert_nonspacing();

// Rust's char::to_lowercase: one code point or two.
void append_lower(std::u32string& text, char32_t point);
// The script of a code point as UnicodeScripts has it, 0: any.
std::uint8_t script_of(char32_t point);
// What is equal to `point` without regard to case, in Oniguruma, itself included.
std::vector<char32_t> case_equals(char32_t point);
// All pairs of different ones, in the order of `point`.
struct CaseEquals {
  char32_t point;
  char32_t other;
};
const std::vector<CaseEquals>& all_case_equals();
bool folds_to_several(char32_t point);

// UTF-8 that is known to be well-formed. decode_at() reads the code point at `at` and moves `at` behind it.
inline char32_t decode_at(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const unsigned char first = byte(0);
  if (first < 0x80U) {
    ++at;
    return first;
  }
  if (first < 0xE0U) {
    const char32_t point = (first & 0x1FU) << 6U | (byte(1) & 0x3FU);
    at += 2;
    return point;
  }
  if (first < 0xF0U) {
    const char32_t point = (first & 0x0FU) << 12U | (byte(1) & 0x3FU) << 6U | (byte(2) & 0x3FU);
    at += 3;
    return point;
  }
  const char32_t point = (first & 0x07U) << 18U | (byte(1) & 0x3FU) << 12U |
                         (byte(2) & 0x3FU) << 6U | (byte(3) & 0x3FU);
  at += 4;
  return point;
}

inline void append_point(std::string& text, char32_t point) {
  const auto put = [&](char32_t byte) { text += static_cast<char>(byte); };
  if (point < 0x80U) {
    put(point);
  } else if (point < 0x800U) {
    put(0xC0U | point >> 6U);
    put(0x80U | (point & 0x3FU));
  } else if (point < 0x10000U) {
    put(0xE0U | point >> 12U);
    put(0x80U | (point >> 6U & 0x3FU));
    put(0x80U | (point & 0x3FU));
  } else {
    put(0xF0U | point >> 18U);
    put(0x80U | (point >> 12U & 0x3FU));
    put(0x80U | (point >> 6U & 0x3FU));
    put(0x80U | (point & 0x3FU));
  }
}

inline std::size_t utf8_size(char32_t point) {
  return point < 0x80U ? 1 : point < 0x800U ? 2 : point < 0x10000U ? 3 : 4;
}

// The last code point of a text that is not empty.
char32_t last_point(std::string_view text);
std::size_t count_points(std::string_view text);

}  // namespace dnd::tokenizer
