// A few questions with what the base and an adapted base answer, for people.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "tasks/task_set.h"

namespace dnd::app {

struct ShownTask {
  std::string task;
  std::size_t prompts = 0;  // that the adapter was made from
  tasks::Scorer scorer;
  std::vector<tasks::Question> questions;
  std::vector<std::string> base;     // answers, one for each question
  std::vector<std::string> adapted;  // the same
};

// Lines of text: each question with both answers, right ones marked "+", and a last line that counts.
std::string shown_text(const ShownTask& shown);
// {"task", "prompts", "questions": [{"question", "right", "base", "adapted"}], "base_right", "adapted_right"}
Json shown_json(const ShownTask& shown);

}  // namespace dnd::app
