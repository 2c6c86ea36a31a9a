// Questions with answers -> the tokens that a base learns from.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "chat/base_chat.h"
#include "dnd/language_model.h"
#include "tasks/task_set.h"

namespace dnd::tuning {

// Messages before the question: those of the conversation that it ends.
using Messages = std::vector<chat::Message>;

class LessonMaker {
 public:
  // Both must outlive the object; the model's markers are set as the chat needs them.
  LessonMaker(LanguageModel& model, const chat::BaseChat& chat, tasks::Ask ask);

  // The question's tokens, then those of the answer with what ends it: by the template, as the conversation
  // goes on; without one behind a space, and the end marker. `system`: of the task; none: the chat's own.
  // Throws Error(data) by file and line where the question has no such text, or all is longer than the base
  // takes, Error(usage) where conversations or a system text have no template.
  TuneLesson lesson(const tasks::Question& question,
                    const std::optional<std::string>& system) const;

  // The tokens up to where the answer to `text` begins.
  std::vector<std::int32_t> prompt_ids(const std::string& text, const Messages& before,
                                       const std::optional<std::string>& system) const;

  // The text that the base is asked.
  const std::string& asked(const tasks::Question& question) const {
    return tasks::asked(question, ask_);
  }

  std::int64_t longest() const { return longest_; }  // text that the base takes, in tokens

 private:
  Messages messages_of(const std::string& text, const Messages& before,
                       const std::optional<std::string>& system) const;
  std::string prompt_of(const Messages& messages) const;
  std::vector<std::int32_t> whole_ids(const Messages& asked, const std::string& prompt,
                                      const std::string& answer) const;

  LanguageModel& model_;
  const chat::BaseChat& chat_;
  tasks::Ask ask_;
  std::int64_t longest_;
  std::vector<std::int32_t> ends_;
};

}  // namespace dnd::tuning
