// Regular expressions as the reference has them: the door to PCRE2.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/normalized_text.h"

namespace dnd::tokenizer {

// What a Split or a Replace looks for. Immutable: one object may serve several threads.
class Pattern {
 public:
  // An expression in Oniguruma's syntax. `who` begins messages. Throws Error(data).
  static Pattern expression(std::string_view expression, const std::string& who);
  static Pattern literal(std::string text);

  Pattern(Pattern&&) noexcept;
  Pattern& operator=(Pattern&&) noexcept;
  ~Pattern();

  // Sets `spans` to what covers `text` (UTF-8): matches, and what stands between them. Empty matches are
  // found, but not at the end of another match. Throws Error(data) where an expression takes too much work.
  void find(std::string_view text, std::vector<Span>& spans) const;
  // False only if every match has a width.
  bool may_match_nothing() const;

 private:
  struct Code;
  Pattern();

  std::unique_ptr<Code> code_;  // of an expression
  std::string literal_;
};

}  // namespace dnd::tokenizer
