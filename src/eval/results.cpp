#include "eval/results.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/strings.h"

namespace dnd::eval {
namespace {

// Rules of thumb for separation_of(): how near to each other the tasks' generated adapters lie when nothing
// of a task is left in them, as a share of what lies between the tasks' own and, without these, of their
// size; and from which within / between on tasks are hardly told apart.
constexpr double kLeastOfOwn = 0.1;
constexpr double kLeastOfSize = 0.01;
constexpr double kHardly = 0.5;

const BehaviourRow* find_row(const std::vector<BehaviourRow>& rows, const std::string& id,
                             QuestionSet set) {
  for (const BehaviourRow& row : rows) {
    if (row.id == id && row.set == set && row.statistic == Statistic::mean) return &row;
  }
  return nullptr;
}

std::optional<double> value_of(const BehaviourRow* row, std::size_t task) {
  return row != nullptr ? row->value(task) : std::nullopt;
}

std::optional<double> gain_of(const std::vector<BehaviourRow>& rows, const BehaviourRow& row,
                              const Group& group) {
  const BehaviourRow* const base = find_row(rows, "base", row.set);
  const BehaviourRow* const own = find_row(rows, "own_adapter", row.set);
  const BehaviourRow* const tuned = find_row(rows, "own_tuned", row.set);
  double gained = 0.0;
  double possible = 0.0;
  for (const std::size_t task : group.tasks) {
    const auto value = row.value(task);
    const auto low = value_of(base, task);
    auto high = value_of(own, task);
    if (!high) high = value_of(tuned, task);
    if (!value || !low || !high) continue;
    gained += *value - *low;
    possible += *high - *low;
  }
  if (!(possible > 0.0)) return std::nullopt;
  return gained / possible;
}

std::vector<double> differences(const BehaviourRow& first, const BehaviourRow& second,
                                const Group& group) {
  std::vector<double> values;
  for (const std::size_t task : group.tasks) {
    const auto x = first.value(task);
    const auto y = second.value(task);
    if (x && y) values.push_back(*x - *y);
  }
  return values;
}

Interval interval_of(const BehaviourRow& row, const Group& group) {
  std::vector<double> values;
  for (const std::size_t task : group.tasks) {
    if (const auto value = row.value(task)) values.push_back(*value);
  }
  return mean_interval(values);
}

Spread mean_square(const std::vector<Spread>& spreads) {
  Spread mean;
  const auto n = static_cast<double>(spreads.size());
  for (const Spread& spread : spreads) {
    mean.within += spread.within * spread.within / n;
    mean.between += spread.between * spread.between / n;
    mean.size += spread.size * spread.size / n;
  }
  return {std::sqrt(mean.within), std::sqrt(mean.between), std::sqrt(mean.size), spreads[0].tasks,
          spreads[0].alone};
}

void append(std::optional<Cell>& cell, const std::optional<Cell>& more) {
  if (cell.has_value() != more.has_value() || (cell && cell->questions != more->questions)) {
    fail(ErrorKind::internal, "eval: outcomes of different tasks or questions");
  }
  if (!cell) return;
  cell->draws.insert(cell->draws.end(), more->draws.begin(), more->draws.end());
  cell->sources.insert(cell->sources.end(), more->sources.begin(), more->sources.end());
}

std::optional<double> mean_of_present(const std::vector<Outcome>& outcomes, std::size_t row,
                                      std::size_t task) {
  std::vector<double> values;
  for (const Outcome& outcome : outcomes) {
    if (const auto value = outcome.weights[row].tasks.at(task)) values.push_back(*value);
  }
  if (values.empty()) return std::nullopt;
  return mean_of(values);
}

void check_poolable(const Outcome& first, const Outcome& other) {
  bool alike = first.tasks.size() == other.tasks.size() &&
               first.weights.size() == other.weights.size() &&
               first.behaviour.size() == other.behaviour.size();
  for (std::size_t i = 0; alike && i < first.behaviour.size(); ++i) {
    alike = first.behaviour[i].id == other.behaviour[i].id;
  }
  if (!alike) fail(ErrorKind::internal, "eval: outcomes of different rows cannot be pooled");
}

}  // namespace

std::optional<double> BehaviourRow::value(std::size_t task) const {
  const std::optional<Cell>& cell = tasks.at(task);
  if (!cell || cell->draws.empty()) return std::nullopt;
  if (statistic == Statistic::mean) return mean_of(cell->draws);
  return *std::min_element(cell->draws.begin(), cell->draws.end());
}

std::vector<Group> groups_of(const std::vector<TaskName>& tasks) {
  std::vector<Group> groups;
  Group all{"all", {}};
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const std::string name = tasks[i].group.empty() ? "held out" : tasks[i].group;
    auto group = std::find_if(groups.begin(), groups.end(),
                              [&](const Group& known) { return known.name == name; });
    if (group == groups.end()) group = groups.insert(groups.end(), {name, {}});
    group->tasks.push_back(i);
    all.tasks.push_back(i);
  }
  if (groups.size() > 1) groups.push_back(all);
  return groups;
}

Interval summarise(const WeightRow& row, const Group& group) {
  std::vector<double> values;
  for (const std::size_t task : group.tasks) {
    const auto value = row.tasks.at(task);
    if (value && !std::isnan(*value)) values.push_back(*value);
  }
  return mean_interval(values);
}

Summary summarise(const std::vector<BehaviourRow>& rows, std::size_t index, const Group& group) {
  const BehaviourRow& row = rows.at(index);
  Summary summary;
  summary.accuracy = interval_of(row, group);
  for (const std::size_t task : group.tasks) {
    if (row.tasks.at(task)) summary.questions += row.tasks[task]->questions;
  }
  summary.gain = gain_of(rows, row, group);
  const BehaviourRow* generated = find_row(rows, "generated", row.set);
  if (generated == nullptr || row.id == "generated") return summary;
  summary.overlaps_generated = overlap(summary.accuracy, interval_of(*generated, group));
  summary.behind_generated = mean_interval(differences(*generated, row, group));
  return summary;
}

double between_own(const Outcome& outcome) {
  return outcome.own && outcome.own->tasks > 1 ? outcome.own->between : 0.0;
}

Separation separation_of(const Outcome& outcome) {
  const Spread& spread = outcome.generated;
  if (spread.tasks < 2) return Separation::unknown;
  const double own = between_own(outcome);
  const double least = own > 0.0 ? kLeastOfOwn * own : kLeastOfSize * spread.size;
  if (!(spread.between > least)) return Separation::collapsed;
  if (spread.alone) return Separation::unknown;
  if (spread.within >= spread.between) return Separation::none;
  return spread.within > kHardly * spread.between ? Separation::weak : Separation::clear;
}

Outcome pool(const std::vector<Outcome>& outcomes) {
  Outcome pooled = outcomes.at(0);
  pooled.model = cat("pooled over ", outcomes.size(), " generators");
  std::vector<Spread> generated = {pooled.generated};
  for (BehaviourRow& row : pooled.behaviour) {
    for (std::optional<Cell>& cell : row.tasks) {
      if (cell) cell->answers.clear();
    }
  }
  for (std::size_t i = 1; i < outcomes.size(); ++i) {
    const Outcome& other = outcomes[i];
    check_poolable(pooled, other);
    generated.push_back(other.generated);
    for (std::size_t row = 0; row < pooled.behaviour.size(); ++row) {
      for (std::size_t task = 0; task < pooled.tasks.size(); ++task) {
        append(pooled.behaviour[row].tasks.at(task), other.behaviour[row].tasks.at(task));
      }
    }
  }
  for (std::size_t row = 0; row < pooled.weights.size(); ++row) {
    for (std::size_t task = 0; task < pooled.tasks.size(); ++task) {
      pooled.weights[row].tasks[task] = mean_of_present(outcomes, row, task);
    }
  }
  pooled.generated = mean_square(generated);
  return pooled;
}

}  // namespace dnd::eval
