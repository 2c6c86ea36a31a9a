// Ranges of code points, ascending and disjoint. What they mean: text/unicode.h.
#pragma once

#include <span>

namespace dnd::text {

struct CodePointRange {
  char32_t first;
  char32_t last;
};

// Each as the crate unicode_categories 0.1 (Unicode 8.0) has it.
extern const std::span<const CodePointRange> kOther;            // Cc, Cf, Co; and U+FFFD
extern const std::span<const CodePointRange> kNonspacingMarks;  // Mn
extern const std::span<const CodePointRange> kBertPunctuation;  // P, and ASCII symbols

}  // namespace dnd::text
