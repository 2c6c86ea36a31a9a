// What an evaluation found: rows of figures by task, and what they come to by group of tasks.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "eval/statistics.h"
#include "eval/update_space.h"
#include "tasks/task_set.h"

namespace dnd::eval {

// What the answers of one method to one task's questions are worth: a share in [0, 1] for each draw of
// prompts (or each of whatever else varies; one where nothing does).
struct Cell {
  std::vector<double> draws;
  std::vector<std::string>
      sources;  // where each draw came from, e.g. the control's task; may be empty
  std::size_t questions = 0;
  std::vector<std::vector<std::string>> answers = {};  // of each draw, by question; may be empty

  bool operator==(const Cell&) const = default;
};

enum class QuestionSet { test, paraphrase };
enum class Statistic { mean, worst };  // over the draws

struct BehaviourRow {
  std::string id;  // "base", "generated", ...; unique with `set` and `statistic`
  std::string label;
  QuestionSet set = QuestionSet::test;
  Statistic statistic = Statistic::mean;
  std::vector<std::optional<Cell>> tasks;  // as Outcome::tasks

  std::optional<double> value(std::size_t task) const;
};

// A figure of the weights; its meaning is in `label`.
struct WeightRow {
  std::string id;
  std::string label;
  std::vector<std::optional<double>> tasks;
};

struct TaskName {
  std::string name;
  std::string group;
  // By which it was asked in a way of its own; none where behaviour was not judged.
  std::optional<std::string> system = {};
  std::optional<std::vector<std::string>> stop = {};
  // That were asked; empty where behaviour was not judged.
  std::vector<tasks::Question> questions = {};
  std::vector<tasks::Question> paraphrased = {};
};

// One generator's, or what several come to.
struct Outcome {
  std::string model;
  std::vector<TaskName> tasks;  // the held-out tasks
  std::vector<WeightRow> weights;
  Spread generated;                       // of the generated adapters, over draws and tasks
  std::optional<Spread> own;              // of the tasks' own adapters, over tasks
  std::vector<BehaviourRow> behaviour;    // empty where behaviour was not judged
  std::string best_single;                // the training task whose adapter did best
  std::size_t best_single_questions = 0;  // of every task, by which it was found
};

// Whether a generator tells the held-out tasks apart, by the spreads of its adapters.
enum class Separation {
  unknown,  // fewer than two tasks
  clear,    // tasks lie at least twice as far apart as draws of one task's prompts
  weak,     // further than these, but not twice
  none,     // no further: adapters follow the prompts that were drawn, not the task
  collapsed,  // nearly one adapter for all: apart by a tenth of what the own adapters are at most, without
              // these by a hundredth of their size
};
Separation separation_of(const Outcome& outcome);
// What lies between the tasks' own adapters; 0 where there is nothing to measure by.
double between_own(const Outcome& outcome);

struct Group {
  std::string name;
  std::vector<std::size_t> tasks;
};

// In order of first appearance; a task without a group is in "held out". "all" ends the list where
// there are two or more.
std::vector<Group> groups_of(const std::vector<TaskName>& tasks);

Interval summarise(const WeightRow& row, const Group& group);

// One cell of the table.
struct Summary {
  Interval accuracy;  // over the group's tasks that have a figure
  std::size_t questions = 0;
  // The sum over tasks of row - base, divided by that of own adapter - base, over the tasks that have all
  // three ("own_tuned" stands for "own_adapter" where a task lacks it); nullopt where own adapters gain
  // nothing. Of the same question set.
  std::optional<double> gain;
  // Against the row "generated" of the same set; nullopt for itself and where there is none.
  std::optional<bool> overlaps_generated;
  std::optional<Interval> behind_generated;  // generated - row, paired by task
};
Summary summarise(const std::vector<BehaviourRow>& rows, std::size_t row, const Group& group);

// Several generators of one task set, e.g. seeds: draws side by side, weight figures and squared
// spreads averaged; answers are those of the outcomes alone. Rows and tasks must be the same; throws
// Error(internal) otherwise.
Outcome pool(const std::vector<Outcome>& outcomes);

}  // namespace dnd::eval
