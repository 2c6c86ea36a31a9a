// Character classes of the reference, as differences from libutf8proc's general categories.
//
// The classes are data of the library that a tokenizer.json is written for: of Oniguruma (Unicode 16.0), of
// Rust's standard library and of crates that are frozen at older versions. Tables: unicode_data.cpp,
// which scripts/make_tokenizer_tables.py writes.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace dnd::tokenizer {

// Ranges of code points, ascending and disjoint, both ends inside.
struct CodePointRange {
  char32_t first;
  char32_t last;
};
struct CategoryRange {
  char32_t first;
  char32_t last;
  std::uint8_t value;
};
struct ScriptRange {
  char32_t first;
  char32_t last;
  std::uint8_t script;
};
struct LowerCase {
  char32_t point;
  char32_t first;
  char32_t second;  // 0: none
};
struct FoldChange {
  char32_t point;
  char32_t other;
};
// All code points of some categories (bit = value of utf8proc_category), but for the exceptions, which are
// in the set if the categories do not have them, and the other way round.
struct CategorySet {
  std::uint32_t categories;
  std::span<const CodePointRange> exceptions;
};
struct NamedSet {
  std::string_view name;  // lower case letters
  CategorySet set;
};

extern const std::span<const CategoryRange> kCategoryChanges;  // Oniguruma's general categories
extern const std::span<const CategoryRange> kPcre2Categories;  // PCRE2's where Oniguruma's differ
extern const std::span<const NamedSet> kNamedSets;             // Oniguruma's classes and scripts
extern const std::span<const FoldChange> kFoldChanges;       // equal or not without regard to case
extern const std::span<const CodePointRange> kSeveralFolds;  // characters that fold to several

extern const CategorySet kRustWord;        // \w of Rust's regex
extern const CategorySet kRustNumeric;     // char::is_numeric
extern const CategorySet kRustWhitespace;  // char::is_whitespace
extern const CategorySet kCombiningMarks;  // what StripAccents drops
extern const CategorySet kPunctuation;     // of Punctuation and BertPreTokenizer
extern const CategorySet kBertDeleted;     // by BertNormalizer's clean_text
extern const CategorySet kBertNonspacing;  // by its strip_accents

extern const std::span<const LowerCase> kLowerChanges;
extern const std::span<const CodePointRange> kNotDecomposed;
extern const std::span<const CodePointRange> kNotCompatibilityDecomposed;
extern const std::span<const CategoryRange> kCombiningClassChanges;
extern const std::span<const CodePointRange> kNotComposed;  // decompose, are not composed again
extern const std::span<const CodePointRange> kNewerMarks;   // join the grapheme cluster before them
extern const std::span<const ScriptRange> kScripts;  // of UnicodeScripts; others are 0, "any"

}  // namespace dnd::tokenizer
