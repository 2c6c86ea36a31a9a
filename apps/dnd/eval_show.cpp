#include "eval_show.h"

#include "base/strings.h"
#include "eval/answers.h"

namespace dnd::app {
namespace {

std::size_t count_right(const std::vector<std::string>& answers,
                        const std::vector<tasks::Question>& questions) {
  std::size_t right = 0;
  for (std::size_t i = 0; i < questions.size(); ++i) {
    if (eval::is_right(answers[i], questions[i])) ++right;
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

std::string answer_line(const char* who, const std::string& answer,
                        const tasks::Question& question) {
  return cat("  ", eval::is_right(answer, question) ? "+ " : "- ", who, one_line(answer), "\n");
}

}  // namespace

std::string shown_text(const ShownTask& shown) {
  std::string text = cat(printable(shown.task), ": an adapter made from ", shown.prompts,
                         " prompts; + is right, - is wrong\n");
  for (std::size_t i = 0; i < shown.questions.size(); ++i) {
    const tasks::Question& question = shown.questions[i];
    text += cat("\n  ", one_line(question.prompt), "\n");
    text += answer_line("base     ", shown.base[i], question);
    text += answer_line("adapted  ", shown.adapted[i], question);
    text += cat("    right    ", one_line(question.answer), "\n");
  }
  return text + cat("\nof ", shown.questions.size(), " questions right: base ",
                    count_right(shown.base, shown.questions), ", adapted ",
                    count_right(shown.adapted, shown.questions));
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
          {"base_right", count_right(shown.base, shown.questions)},
          {"adapted_right", count_right(shown.adapted, shown.questions)}};
}

}  // namespace dnd::app
