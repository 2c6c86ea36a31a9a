// The methods that are compared: for a held-out task, the adapters that each of them gives.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "adapter/adapter_layout.h"
#include "eval/results.h"
#include "eval/selections.h"
#include "eval/training_adapters.h"
#include "linalg/ridge.h"

namespace dnd::eval {

struct Settings {
  std::size_t draws = 4;                // K: draws of prompts
  std::size_t questions = 0;            // of each task's test, the first ones; 0: all
  std::size_t candidate_questions = 8;  // the same, where the best single adapter is looked for
  std::uint64_t seed = 0;
  tasks::Scorer scorer = {};  // of tasks that name none
  tasks::Ask ask = tasks::Ask::prompt;
  std::size_t examples =
      0;  // before a question, where the base is shown what is wanted; 0: it is not
};

// What stands for the plain alternative to a generator.
struct Alternatives {
  Weights joint;                // one adapter for all tasks; nullptr: none
  bool joint_in_layout = true;  // else what it does is judged, not where it lies
  std::vector<Weights>
      tuned;  // of every held-out task, learned here; nullptr, or an empty list: none
};

// A generator as an evaluation sees it. Both functions take any prompts in any order and give the
// same for the same ones.
struct JudgedGenerator {
  std::string name;
  std::size_t prompts = 0;                         // N that an adapter takes
  const adapter::AdapterLayout* layout = nullptr;  // outlives the evaluation
  // The mean over prompts of pooled_embedding().
  std::function<std::vector<float>(const std::vector<std::string>&)> embed;
  std::function<Weights(const std::vector<std::string>&)> generate;  // from N prompts
  Alternatives beside = {};
};

// What a method gives for one task: an adapter for each draw; nullptr is the base as it is.
struct Candidate {
  std::vector<Weights> adapters;
  std::vector<std::string> sources;  // of each, where the method chooses: a task's name
};

// How the base is asked.
enum class Manner {
  usual,        // as Settings::ask says
  instruction,  // by the question's prompt
  examples,     // as usual, behind examples of the task's answers
};

struct Method {
  std::string id;
  std::string label;
  QuestionSet set = QuestionSet::test;
  Manner manner = Manner::usual;
  // For the held-out task of this index; nullopt where the method has nothing for it.
  std::function<std::optional<Candidate>(std::size_t task)> make;
};

// The ids, in the order of the table:
//   base                 without an adapter
//   base_instruction     the same, asked by the prompt; where the others are asked by the bare input
//   base_examples        the same behind examples, of tasks with `answers`; where there are to be some
//   mean_adapter         mean A, mean B of all training adapters
//   nearest_adapter      the last adapter of the training task nearest to the draw's prompts
//   best_single_adapter  one training task's for all; set_best_single() says which
//   same:<attribute>     mean A, mean B of the training tasks that share the attribute: told by the
//                        task's labels, not by its prompts
//   ridge                ridge regression from a task's embedding to mean A, mean B of its adapters
//   multi_task           one adapter for all tasks, where there is one
//   generated            from the draw's prompts
//   other:<attribute>, other_in_all, other_task   from another task's prompts (selections.h)
//   wrong_form, wrong_same_form   from the prompts of a judged task with another form, or the same form, of
//                        answers (wrong_prompts.h); where tasks say their form
//   random_text          from random common words
//   own_adapter          the last adapter of the task's own
//   own_tuned            one that was learned from the task's answers here
// Without adapters of training tasks the rows from mean_adapter to ridge are left out. Behind them come
// base, generated (from the paraphrased prompts), own_adapter and own_tuned for the paraphrases.
//
// Everything given must outlive the object, and the object what all() returns.
class Methods {
 public:
  // Embeds the prompts of the training tasks that have adapters (their K draws, averaged) and fits the ridge
  // regression.
  Methods(const tasks::TaskSet& set, const TrainingAdapters& training, const OwnAdapters& own,
          const JudgedGenerator& generator, const Settings& settings);

  void set_best_single(std::size_t training_task) { best_single_ = training_task; }
  std::vector<Method> all() const;

  // A draw's adapter, from the task's prompts or their paraphrases.
  Weights generated(const std::vector<std::string>& prompts, std::size_t draw) const;

 private:
  using Make = std::optional<Candidate> (Methods::*)(std::size_t) const;

  Method method(const std::string& id, const std::string& label, Make make,
                QuestionSet set = QuestionSet::test) const;
  void add_base_methods(std::vector<Method>& methods) const;
  void add_training_methods(std::vector<Method>& methods) const;
  void add_attribute_means(std::vector<Method>& methods) const;
  void add_controls(std::vector<Method>& methods) const;
  void add_forms(std::vector<Method>& methods) const;
  void add_paraphrases(std::vector<Method>& methods) const;

  std::vector<std::string> draw(const std::vector<std::string>& prompts, std::size_t k) const;
  std::vector<float> embedding(const tasks::Task& task, std::size_t k) const;
  Candidate each_draw(const std::function<Weights(std::size_t k)>& make) const;

  std::optional<Candidate> base(std::size_t task) const;
  std::optional<Candidate> shown_examples(std::size_t task) const;
  std::optional<Candidate> mean(std::size_t task) const;
  std::optional<Candidate> joint(std::size_t task) const;
  std::optional<Candidate> nearest_adapter(std::size_t task) const;
  std::optional<Candidate> best_single(std::size_t task) const;
  std::optional<Candidate> same(const std::string& attribute, std::size_t task) const;
  std::optional<Candidate> ridge(std::size_t task) const;
  std::optional<Candidate> right(std::size_t task) const;
  std::optional<Candidate> paraphrased(std::size_t task) const;
  std::optional<Candidate> wrong(const Control& control, std::size_t task) const;
  std::optional<Candidate> wrong_form(const std::optional<std::size_t>& partner) const;
  std::optional<Candidate> random(std::size_t task) const;
  std::optional<Candidate> own(std::size_t task) const;
  std::optional<Candidate> tuned(std::size_t task) const;

  const tasks::TaskSet& set_;
  const TrainingAdapters& training_;
  const OwnAdapters& own_;
  const JudgedGenerator& generator_;
  const Settings& settings_;
  std::vector<std::vector<float>> embeddings_;  // of the training tasks
  std::optional<linalg::Ridge> ridge_;          // from three training tasks on
  std::optional<std::size_t> best_single_;
};

}  // namespace dnd::eval
