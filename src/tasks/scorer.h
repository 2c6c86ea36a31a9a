// How a task's answers are judged: the `scorer` of tasks.json, a name or an object
// {"name": ..., options}.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace dnd::tasks {

enum class ScorerKind {
  exact,       // the whole answer
  first_line,  // its first line that is not empty
  contains,    // the right answer somewhere in it
  regex,       // what an expression finds in it
  number,      // the last number in it, by value
  choice,      // the most probable of the question's choices
  f1,          // words in common
  rouge_l,     // longest common subsequence of words
};

struct Scorer {
  ScorerKind kind = ScorerKind::exact;
  bool ignore_case = false;  // exact, first_line, contains, regex
  std::string pattern = {};  // regex: in PCRE2's syntax
  bool last = false;         // regex: the last match counts, not the first
  double tolerance = 0.0;    // number: by how much it may be off
  bool normalized = false;   // choice: log-probabilities are divided by the choices' lengths
};

// The first line of an answer that is not empty, without white space (ASCII) at both ends.
std::string first_line(const std::string& answer);

// Those that need no options. Throws Error(usage) for another name.
std::vector<std::string> plain_scorer_names();
Scorer scorer_of_name(const std::string& name);
std::string_view scorer_name(ScorerKind kind);

// Throws Error(data) for unknown names and keys, and for options that the scorer does not have.
Scorer scorer_from_json(const Json& json, const std::string& where);

}  // namespace dnd::tasks
