// The character classes of Oniguruma's expressions: names, brackets with their set operations.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tokenizer/code_point_ranges.h"

namespace dnd::tokenizer {

// Throws Error(data): what cannot be said, or is not said by any of Oniguruma's rules.
class OnigSource {
 public:
  // `who` begins messages and outlives the object.
  OnigSource(std::u32string pattern, const std::string& who)
      : pattern_(std::move(pattern)), who_(who) {}

  bool at_end() const { return at_ >= pattern_.size(); }
  char32_t peek(std::size_t ahead = 0) const {
    return at_ + ahead < pattern_.size() ? pattern_[at_ + ahead] : 0;
  }
  bool next_is(std::u32string_view text) const {
    return std::u32string_view(pattern_).substr(at_).starts_with(text);
  }
  bool take(std::u32string_view text);
  char32_t take();
  void skip(std::size_t count) { at_ += count; }
  std::u32string_view rest() const { return std::u32string_view(pattern_).substr(at_); }
  // The text before `end`, which is taken too; nothing is taken where there is no `end`.
  std::optional<std::string> take_until(char32_t end, std::size_t longest = 64);

  [[noreturn]] void refuse(const std::string& what) const;

 private:
  std::u32string pattern_;
  std::size_t at_ = 0;
  const std::string& who_;
};

// "\d", "\P{Han}": the source stands behind the backslash, and stays there where this is no such class.
// Words are others in brackets.
std::optional<CodePointRanges> read_class_escape(OnigSource& source, bool in_class);
// The code point of "\n", "\x{41}", "\101", "\-": the source stands behind the backslash.
char32_t read_point_escape(OnigSource& source, bool in_class);
// The source stands behind '['. `fold`: without regard to case.
CodePointRanges read_class(OnigSource& source, bool fold);

// One of Oniguruma's named sets (lower case letters), e.g. "word".
const CodePointRanges& named_set(std::string_view name);

}  // namespace dnd::tokenizer
