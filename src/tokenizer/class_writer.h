// A set of code points as PCRE2 says it.
#pragma once

#include <string>

#include "tokenizer/code_point_ranges.h"

namespace dnd::tokenizer {

// An expression that matches one code point, of `set`, and can be repeated as it is. General categories of
// PCRE2 are used where they help; what newer characters change is added and taken away. Empty if it would
// take more than a few thousand ranges.
std::string write_class(const CodePointRanges& set);

// A code point as itself.
std::string write_literal(char32_t point);

}  // namespace dnd::tokenizer
