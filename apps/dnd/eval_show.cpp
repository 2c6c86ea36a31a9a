#include "eval_show.h"

#include "base/strings.h"
#include "eval/score_answer.h"

namespace dnd::app {
namespace {

bool is_right(const eval::AnswerScorer& scorer, const std::string& answer,
              const tasks::Question& question) {
  return scorer.score(answer, question) == 1.0;
}

std::size_t count_right(const ShownTask& shown, const std::vector<std::string>& answers) {
  const eval::AnswerScorer scorer(shown.scorer);
  std::size_t right = 0;
  for (std::size_t i = 0; i < shown.questions.size(); ++i) {
    if (is_right(scorer, answers[i], shown.questions[i])) ++right;
  }
  return right;
}

// One line, of any length: word by word, as printable() cuts what is long.
std::string one_line(const std::string& text) {
  std::string line;
  for (const std::string_view piece : split(text, '\n')) {
    for (const std::string_view word : split(piece, ' ')) {
      if (word.empty()) continue;
      if (!line.empty()) line += ' ';
      line += printable(word);
    }
  }
  return line;
}

std::string answer_line(const char* who, bool is_right, const std::string& answer) {
  return cat("  ", is_right ? "+ " : "- ", who, one_line(answer), "\n");
}

}  // namespace

std::string shown_text(const ShownTask& shown) {
  std::string text = cat(printable(shown.task), ": an adapter made from ", shown.prompts,
                         " prompts; + is right, - is wrong\n");
  const eval::AnswerScorer scorer(shown.scorer);
  for (std::size_t i = 0; i < shown.questions.size(); ++i) {
    const tasks::Question& question = shown.questions[i];
    const auto right = [&](const std::string& answer) {
      return is_right(scorer, answer, question);
    };
    text += cat("\n  ", one_line(question.prompt), "\n");
    text += answer_line("base     ", right(shown.base[i]), shown.base[i]);
    text += answer_line("adapted  ", right(shown.adapted[i]), shown.adapted[i]);
    text += cat("    right    ", one_line(question.answer), "\n");
  }
  return text + cat("\nof ", shown.questions.size(), " questions right: base ",
                    count_right(shown, shown.base), ", adapted ",
                    count_right(shown, shown.adapted));
}

Json shown_json(const ShownTask& shown) {
  Json questions = Json::array();
  for (std::size_t i = 0; i < shown.questions.size(); ++i) {
    questions.push_back({{"question", shown.questions[i].prompt},
                         {"right", trimmed(shown.questions[i].answer)},
                         {"base", trimmed(shown.base[i])},
                         {"adapted", trimmed(shown.adapted[i])}});
  }
  return {{"task", shown.task},
          {"prompts", shown.prompts},
          {"questions", questions},
          {"base_right", count_right(shown, shown.base)},
          {"adapted_right", count_right(shown, shown.adapted)}};
}

}  // namespace dnd::app
