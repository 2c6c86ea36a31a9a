// Regular expressions of Python's re, as adapter_config.json holds them.
//
// Source: re/_parser.py of Python 3.11 to 3.13. What it takes is written in PCRE2's words; what means another
// thing there, or nothing, is told apart.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tokenizer/regex.h"

namespace dnd::adapter {

class PythonExpression {
 public:
  enum class Kind {
    understood,
    invalid,  // re.compile() raises
    unknown,  // may be either: rare constructs, very long texts, large counts
  };

  explicit PythonExpression(std::string_view expression);

  Kind kind() const { return kind_; }
  // re.fullmatch(). False for what is not understood, for texts of more than 1024 bytes, and where it takes
  // too many steps.
  bool matches(std::string_view text) const;

 private:
  Kind kind_ = Kind::unknown;
  std::optional<tokenizer::Expression> compiled_;
};

}  // namespace dnd::adapter
