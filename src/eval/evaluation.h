// Several generators judged together, and the folder that says how they fared.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/staged.h"
#include "chat/base_chat.h"
#include "eval/methods.h"
#include "eval/report.h"
#include "eval/results.h"
#include "generate/generator.h"
#include "tasks/task_set.h"

namespace dnd::eval {

// What is judged, on what.
struct Inputs {
  std::vector<generate::Generator> generators;  // of one layout
  std::vector<std::filesystem::path> encoders;  // of each
  tasks::TaskSet set;
};

// Every bundle that `models` names, with its encoder (`encoder` where that is given). Throws Error(data)
// where they have not one layout, and as generate::open_generator() and find_encoder() do.
Inputs open_generators(const std::vector<std::string>& models, const std::string& encoder);

// Warns of each held-out task with fewer distinct prompts than the generators take.
void warn_about_prompts(const Inputs& inputs);

// Warns where judged tasks have fewer answers than `count` examples take.
void warn_about_examples(const Inputs& inputs, std::size_t count);

// Throws Error(usage) where `task` has a system text and the base no template that takes it.
void check_system_text(const tasks::Task& task, const chat::BaseChat& chat);

// Whether a held-out task has questions to ask; answers.
bool has_questions(const tasks::TaskSet& set);
bool has_answers(const tasks::TaskSet& set);

// Throws Error(data) by file and line for a question of a held-out task that has no such text; with `answers`
// for one of its answers, too.
void check_asked(const tasks::TaskSet& set, tasks::Ask ask, bool answers);

// One outcome a generator; pooled, where there are several.
class Evaluation {
 public:
  // Throws Error(data) where the outcomes cannot be pooled.
  explicit Evaluation(std::vector<Outcome> outcomes);

  // Pooled tables first, then each generator's.
  std::vector<Table> tables() const;
  // What the plot shows: the pooled outcome where there are several.
  const Outcome& summary() const { return pooled_ ? *pooled_ : outcomes_[0]; }
  // results.json: `call` (an object, what was asked for) with "models" and "pooled" (docs/formats.md).
  Json json(const Json& call) const;

 private:
  std::vector<Outcome> outcomes_;
  std::optional<Outcome> pooled_;
};

// results.json, table.md and, where behaviour was judged, results.svg.
FolderKind evaluation_folder();
void write_evaluation(const std::filesystem::path& out, const Evaluation& evaluation,
                      const Json& call, OnExisting on_existing);

}  // namespace dnd::eval
