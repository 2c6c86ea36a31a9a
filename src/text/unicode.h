// Code points, and what libutf8proc (Unicode 15.0) says about them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dnd::text {

// Ill-formed bytes become U+FFFD, one each.
std::u32string decode_utf8(std::string_view text);
// `point` is a Unicode scalar value.
void append_utf8(std::string& text, char32_t point);
// The text with what is ill-formed replaced so.
std::string well_formed(std::string_view text);
// Every code point by itself (append_lower); ill-formed bytes become U+FFFD.
std::string lower_case(std::string_view text);

// White_Space of Unicode (unchanged since 6.3), as Rust's char::is_whitespace.
bool is_whitespace(char32_t point);

// The canonical decomposition of one code point (itself where it has none).
std::u32string decompose(char32_t point);
// Lower case without regard to neighbours, as Rust's char::to_lowercase: one code point, except
// for U+0130 (i and a combining dot).
void append_lower(std::u32string& text, char32_t point);

// The library's own data, for tables of differences from it.
//
// General category: 0 unassigned, then Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs
// Zl Zp Cc Cf Cs Co.
std::uint8_t general_category(char32_t point);
int combining_class(char32_t point);
char32_t simple_lower(char32_t point);
char32_t simple_upper(char32_t point);
std::u32string decompose_compatibility(char32_t point);
bool has_canonical_decomposition(char32_t point);
// Whether `point` belongs to the extended grapheme cluster that `before` is in; `state`: 0 at its beginning.
bool joins_cluster(char32_t before, char32_t point, std::int32_t& state);

}  // namespace dnd::text
