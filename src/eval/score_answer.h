// What an answer is worth, by a task's scorer: a number in [0, 1].
#pragma once

#include <optional>
#include <string>

#include "tasks/scorer.h"
#include "tasks/task_set.h"
#include "tokenizer/regex.h"

namespace dnd::eval {

// Answer and right answer are compared without white space (ASCII) at both ends.
//
//   exact, first_line, contains   1 or 0
//   regex     1 where what is found is the right answer. Found is the first (or last) match: its first
//             group that is not empty, the whole where the expression has no groups; nothing found is 0
//   number    1 where both end with the same number. As lm-evaluation-harness's "flexible-extract" of
//             GSM8K finds it, (-?[$0-9.,]{2,})|(-?[0-9]+), the last one with a digit, without "$", ","
//             and a "." at its end; compared by value, not as text
//   f1        of SQuAD (Rajpurkar et al. 2016, evaluate-v1.1.py): lower case, no ASCII punctuation, no
//             articles; 2 P R / (P + R) of the words in common, counted as often as they come
//   rouge_l   F of the longest common subsequence (Lin 2004), words as rouge-score 0.1.2 has them: runs
//             of a-z and 0-9 in lower case, no stemming
// `choice` is judged by what the model thinks of the choices, not by what it says: Answers does it.
class AnswerScorer {
 public:
  // Throws Error(data) where the pattern is no expression.
  explicit AnswerScorer(const tasks::Scorer& scorer);

  // Throws Error(data) where an expression takes too much work.
  double score(const std::string& answer, const tasks::Question& question) const;

 private:
  bool equal(const std::string& a, const std::string& b) const;
  std::optional<std::string> found(const std::string& answer) const;

  tasks::Scorer scorer_;
  std::optional<tokenizer::Expression> expression_;
};

// The mean over questions of what their answers are worth; as many answers as questions, which are some.
double mean_worth(const std::vector<std::string>& answers,
                  const std::vector<tasks::Question>& questions, const tasks::Scorer& scorer);

// Where in `scores` (of the choices, log-probabilities) the choice lies that a model takes; the first of
// equal ones. `normalized`: divided by the code points of each choice, as "acc_norm" of
// lm-evaluation-harness.
std::size_t best_choice(const std::vector<double>& scores, const std::vector<std::string>& choices,
                        bool normalized);

}  // namespace dnd::eval
