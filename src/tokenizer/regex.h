// Regular expressions as the reference has them: the door to PCRE2.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/normalized_text.h"

namespace dnd::tokenizer {

struct CompiledExpression;

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
  Pattern();

  std::unique_ptr<CompiledExpression> code_;  // of an expression
  std::string literal_;
};

// An expression in PCRE2's own syntax, as people write it where no tokenizer is meant (in UTF-8, with
// Unicode's properties for \w, \d, \b). Immutable. Texts need not be well-formed: ill-formed bytes are
// U+FFFD.
class Expression {
 public:
  // `who` begins messages. Throws Error(data).
  Expression(std::string_view expression, const std::string& who);

  // Whether there is a match. Throws Error(data) where it takes too much work.
  bool finds(std::string_view text) const;
  // Of each match, in order, the first group that is not empty, or the whole where the expression has no
  // groups. Throws Error(data) where it takes too much work.
  std::vector<std::string> matches(std::string_view text) const;
  // The text with every match replaced.
  std::string replaced(std::string_view text, std::string_view by) const;

 private:
  using Groups = std::vector<std::string_view>;  // the whole match first
  std::vector<Groups> all_groups(std::string_view text) const;

  std::shared_ptr<const CompiledExpression> code_;
};

}  // namespace dnd::tokenizer
