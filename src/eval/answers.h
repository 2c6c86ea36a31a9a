// What a base model answers under an adapter, each question asked once.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "chat/base_chat.h"
#include "dnd/language_model.h"
#include "eval/update_space.h"
#include "tasks/task_set.h"

namespace dnd::eval {

// Keeps what the model said by adapter (its values, not its name) and prompt, so that an adapter that
// several methods choose costs nothing twice. Model and chat must outlive the object, and nobody else
// changes its adapter meanwhile.
class Answers {
 public:
  // `chat`: how questions are asked, and whether the model puts its markers around them; nullptr: as they
  // are.
  Answers(LanguageModel& model, CompletionOptions options, const chat::BaseChat* chat = nullptr);

  // The answers to `questions`, in order; without an adapter (nullptr) those of the base. Where the scorer
  // is `choice`, the choice that the model finds most probable after the prompt and (but for a template) a
  // space. Throws Error(data) where a question has none.
  std::vector<std::string> ask(const Weights& adapter,
                               const std::vector<tasks::Question>& questions,
                               const tasks::Scorer& scorer = {});

  // The mean of what the answers are worth (eval/score_answer.h); `questions` is not empty.
  double accuracy(const Weights& adapter, const std::vector<tasks::Question>& questions,
                  const tasks::Scorer& scorer = {});

 private:
  using Known = std::map<std::string, std::string>;  // question -> answer

  void use(const Weights& adapter, const std::string& key);
  void complete(const std::vector<tasks::Question>& questions, Known& known);
  std::string text_of(const tasks::Question& question) const;
  void choose(const std::vector<tasks::Question>& questions, bool normalized, Known& known);

  LanguageModel& model_;
  CompletionOptions options_;
  const chat::BaseChat* chat_;
  std::optional<std::string> in_use_;   // the adapter that the model has
  std::map<std::string, Known> known_;  // by SHA-256 of the adapter's values; "" is the base
};

}  // namespace dnd::eval
