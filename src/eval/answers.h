// What a base model answers under an adapter, each question asked once.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "chat/base_chat.h"
#include "dnd/language_model.h"
#include "eval/examples.h"
#include "eval/update_space.h"
#include "tasks/task_set.h"

namespace dnd::eval {

// How a task's questions are asked, and what its answers are worth.
struct Asking {
  tasks::Scorer scorer = {};
  std::optional<std::string> system = {};             // none: the chat's own
  std::optional<std::vector<std::string>> stop = {};  // none: the completion's own
  tasks::Ask ask = tasks::Ask::prompt;
  std::size_t examples = 0;  // before the question, of `pool` (eval/examples.h)
  const std::vector<tasks::Question>* pool = nullptr;  // must outlive the call
};
// `scorer`: of a task that names none.
Asking asking_of(const tasks::Task& task, const tasks::Scorer& scorer,
                 tasks::Ask ask = tasks::Ask::prompt);

// Keeps what the model said by adapter (its values, not its name), way of asking and prompt, so that an
// adapter that several methods choose costs nothing twice. Model and chat must outlive the object, and nobody
// else changes its adapter meanwhile.
class Answers {
 public:
  // `chat`: how questions are asked, and whether the model puts its markers around them; nullptr: as they
  // are.
  Answers(LanguageModel& model, CompletionOptions options, const chat::BaseChat* chat = nullptr);

  // The answers to `questions`, in order; without an adapter (nullptr) those of the base. Where the scorer
  // is `choice`, the choice that the model finds most probable after the prompt and (but for a template) a
  // space. Of examples a question has fewer where all of them leave no room for an answer (said once). Throws
  // Error(data) where a question has no choices or no text to ask, Error(usage) where no template takes a
  // system text.
  std::vector<std::string> ask(const Weights& adapter,
                               const std::vector<tasks::Question>& questions,
                               const Asking& how = {});

  // What the answers are worth (mean_worth()).
  double accuracy(const Weights& adapter, const std::vector<tasks::Question>& questions,
                  const Asking& how = {});

 private:
  using Known = std::map<std::string, std::string>;  // question -> answer

  void use(const Weights& adapter, const std::string& key);
  void complete(const std::vector<tasks::Question>& questions, const Asking& how, Known& known);
  std::string text_of(const tasks::Question& question, const Asking& how);
  std::string text_of(const tasks::Question& question, const Asking& how,
                      const Examples& examples) const;
  void choose(const std::vector<tasks::Question>& questions, const Asking& how, Known& known);

  LanguageModel& model_;
  CompletionOptions options_;
  const chat::BaseChat* chat_;
  std::int64_t longest_ = 0;  // text that the model takes, in tokens; 0: not known
  bool told_of_room_ = false;
  std::optional<std::string> in_use_;  // the adapter that the model has
  // By SHA-256 of the adapter's values ("": the base), system text, stops and examples.
  std::map<std::string, Known> known_;
};

}  // namespace dnd::eval
