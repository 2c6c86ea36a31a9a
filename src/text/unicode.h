// Code points, and the character classes that BERT's tokenizer is defined by.
//
// The classes are data of the reference (the Rust crates behind Hugging Face `tokenizers`), frozen
// at the Unicode version each crate was written for - mostly 8.0. A newer Unicode would be another
// tokenizer: marks added since are not stripped, punctuation added since does not split.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dnd::text {

// Ill-formed bytes become U+FFFD, one each.
std::u32string decode_utf8(std::string_view text);
// `point` is a Unicode scalar value.
void append_utf8(std::string& text, char32_t point);

// White_Space of Unicode (unchanged since 6.3), as Rust's char::is_whitespace.
bool is_whitespace(char32_t point);
// Control, format and private-use characters except tab, line feed and carriage return: what
// BERT's cleaning deletes (unassigned code points stay).
bool is_deleted_by_bert(char32_t point);
bool is_nonspacing_mark(char32_t point);
// ASCII's 32 punctuation characters and symbols, and general category P.
bool is_bert_punctuation(char32_t point);
// The ideograph blocks that BERT sets off with spaces: its published list, whose block E begins at
// U+2B920 (sic).
bool is_bert_ideograph(char32_t point);

// The canonical decomposition of one code point (itself where it has none).
std::u32string decompose(char32_t point);
// Lower case without regard to neighbours, as Rust's char::to_lowercase: one code point, except
// for U+0130 (i and a combining dot).
void append_lower(std::u32string& text, char32_t point);

// The library's own data (Unicode 15.0), for tables of differences from it.
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
