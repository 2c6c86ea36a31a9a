#include "text/record_keys.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/strings.h"

namespace dnd::text {
namespace {

constexpr std::array<std::string_view, 10> kQuestions = {
    "prompt",  "messages", "conversations", "instruction", "question",
    "problem", "query",    "input",         "content",     "text"};

constexpr std::array<std::string_view, 44> kAnswers = {"answer",
                                                       "answers",
                                                       "answer_key",
                                                       "answerkey",
                                                       "answer_idx",
                                                       "final_answer",
                                                       "best_answer",
                                                       "correct_answer",
                                                       "correct_answers",
                                                       "correct",
                                                       "incorrect_answers",
                                                       "wrong_answers",
                                                       "completion",
                                                       "completions",
                                                       "output",
                                                       "outputs",
                                                       "response",
                                                       "responses",
                                                       "reply",
                                                       "target",
                                                       "targets",
                                                       "expected",
                                                       "expected_answer",
                                                       "expected_output",
                                                       "reference_answer",
                                                       "ground_truth",
                                                       "gold",
                                                       "label",
                                                       "labels",
                                                       "label_text",
                                                       "solution",
                                                       "solutions",
                                                       "canonical_solution",
                                                       "chosen",
                                                       "rejected",
                                                       "rationale",
                                                       "explanation",
                                                       "reasoning",
                                                       "chain_of_thought",
                                                       "cot",
                                                       "resps",
                                                       "filtered_resps",
                                                       "generation",
                                                       "assistant"};

constexpr std::array<std::string_view, 17> kContexts = {
    "context", "contexts",   "passage",       "passages", "document", "documents",
    "article", "paragraph",  "story",         "premise",  "support",  "history",
    "system",  "background", "system_prompt", "tools",    "hint"};

constexpr std::array<std::string_view, 9> kChoices = {"choices",
                                                      "choice",
                                                      "options",
                                                      "option",
                                                      "endings",
                                                      "candidates",
                                                      "multiple_choice_targets",
                                                      "mc1_targets",
                                                      "mc2_targets"};

template <typename Names>
bool holds(const Names& names, std::string_view key) {
  return std::find(names.begin(), names.end(), key) != names.end();
}

// "choice1", "option_b", "ending0".
bool is_numbered_choice(std::string_view key) {
  for (const std::string_view name : {"choice", "option", "ending"}) {
    if (!key.starts_with(name)) continue;
    std::string_view rest = key.substr(name.size());
    if (rest.starts_with('_')) rest.remove_prefix(1);
    if (rest.size() == 1) return true;
  }
  return false;
}

}  // namespace

KeyKind kind_of_key(std::string_view key) {
  const std::string name = lower_ascii(std::string(key));
  if (name == "task") return KeyKind::task;
  if (holds(kQuestions, name)) return KeyKind::question;
  if (holds(kAnswers, name)) return KeyKind::answer;
  if (holds(kContexts, name)) return KeyKind::context;
  if (holds(kChoices, name) || is_numbered_choice(name)) return KeyKind::choices;
  return KeyKind::other;
}

std::string_view kind_name(KeyKind kind) {
  switch (kind) {
    case KeyKind::answer:
      return "answers";
    case KeyKind::context:
      return "context";
    case KeyKind::choices:
      return "choices";
    default:
      return "";
  }
}

}  // namespace dnd::text
