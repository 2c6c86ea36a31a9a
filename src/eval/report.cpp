#include "eval/report.h"

#include <algorithm>
#include <cmath>

#include "base/strings.h"
#include "eval/verdict.h"

namespace dnd::eval {
namespace {

std::string fixed(double value, int digits) {
  if (std::isnan(value)) return "-";
  return fixed_digits(value, digits);
}

// "96.5 [94.1, 98.9]"
std::string interval_text(const Interval& interval, double unit, int digits) {
  if (interval.count == 0) return "-";
  std::string text = fixed(unit * interval.mean, digits);
  if (!interval.half_width) return text;
  return text + " [" + fixed(unit * interval.low(), digits) + ", " +
         fixed(unit * interval.high(), digits) + "]";
}

std::string group_title(const Group& group) {
  return cat(printable(group.name), " (", group.tasks.size(),
             group.tasks.size() == 1 ? " task)" : " tasks)");
}

std::string spread_note(const std::string& what, const Spread& spread) {
  if (spread.alone) {
    return cat(what, ": one for each task, spread between tasks ", fixed(spread.between, 4));
  }
  return cat(what, ": spread within a task ", fixed(spread.within, 4), ", between tasks ",
             fixed(spread.between, 4), ", ratio ", fixed(spread.ratio(), 3));
}

// Columns of a text as a terminal shows it: UTF-8 continuation bytes take none.
std::size_t columns(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), std::not_fn(continues_character)));
}

std::vector<std::size_t> widths_of(const Table& table) {
  std::vector<std::size_t> widths(table.header.size());
  const auto widen = [&](const std::vector<std::string>& row) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns(row[i]));
  };
  widen(table.header);
  for (const auto& row : table.rows) widen(row);
  return widths;
}

std::string padded_line(const std::vector<std::string>& row,
                        const std::vector<std::size_t>& widths) {
  std::string line;
  for (std::size_t i = 0; i < row.size(); ++i) {
    const std::string gap(widths[i] - columns(row[i]), ' ');
    line += i == 0 ? row[i] + gap : "  " + gap + row[i];
  }
  return line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
}

std::string markdown_cell(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    if (c == '|' || c == '*' || c == '<' || c == '_' || c == '`') safe += '\\';
    safe += c;
  }
  return safe;
}

std::string markdown_line(const std::vector<std::string>& row) {
  std::string line = "|";
  for (const std::string& cell : row) line += " " + markdown_cell(cell) + " |";
  return line + "\n";
}

bool has_tuned(const Outcome& outcome) {
  return std::any_of(outcome.behaviour.begin(), outcome.behaviour.end(),
                     [](const BehaviourRow& row) { return row.id == "own_tuned"; });
}

Json number(double value) { return std::isnan(value) ? Json(nullptr) : Json(value); }

Json interval_json(const Interval& interval) {
  if (interval.count == 0) return {{"tasks", 0}, {"mean", nullptr}};
  Json json = {{"tasks", interval.count}, {"mean", interval.mean}};
  json["low"] = interval.half_width ? Json(interval.low()) : Json(nullptr);
  json["high"] = interval.half_width ? Json(interval.high()) : Json(nullptr);
  return json;
}

Json spread_json(const Spread& spread) {
  if (spread.alone) return {{"within", nullptr}, {"between", spread.between}, {"ratio", nullptr}};
  return {
      {"within", spread.within}, {"between", spread.between}, {"ratio", number(spread.ratio())}};
}

Json weight_row_json(const Outcome& outcome, const WeightRow& row) {
  Json json = {{"id", row.id}, {"label", row.label}};
  for (const Group& group : groups_of(outcome.tasks)) {
    Json summary = interval_json(summarise(row, group));
    summary["group"] = group.name;
    json["groups"].push_back(summary);
  }
  json["tasks"] = Json::object();
  for (std::size_t i = 0; i < outcome.tasks.size(); ++i) {
    if (row.tasks[i]) json["tasks"][outcome.tasks[i].name] = number(*row.tasks[i]);
  }
  return json;
}

Json summary_json(const Summary& summary, const std::string& group) {
  Json json = interval_json(summary.accuracy);
  json["group"] = group;
  json["questions"] = summary.questions;
  json["gain"] = summary.gain ? Json(*summary.gain) : Json(nullptr);
  if (summary.overlaps_generated) json["overlaps_generated"] = *summary.overlaps_generated;
  if (summary.behind_generated) {
    json["behind_generated"] = interval_json(*summary.behind_generated);
  }
  return json;
}

Json cell_json(const BehaviourRow& row, std::size_t task) {
  const Cell& cell = *row.tasks[task];
  Json json = {
      {"accuracy", *row.value(task)}, {"questions", cell.questions}, {"draws", cell.draws}};
  if (!cell.sources.empty()) json["sources"] = cell.sources;
  if (!cell.answers.empty()) json["answers"] = cell.answers;
  return json;
}

Json behaviour_row_json(const Outcome& outcome, std::size_t index) {
  const BehaviourRow& row = outcome.behaviour[index];
  Json json = {{"id", row.id},
               {"label", row.label},
               {"set", row.set == QuestionSet::test ? "test" : "paraphrase"},
               {"over_draws", row.statistic == Statistic::mean ? "mean" : "worst"}};
  for (const Group& group : groups_of(outcome.tasks)) {
    json["groups"].push_back(summary_json(summarise(outcome.behaviour, index, group), group.name));
  }
  json["tasks"] = Json::object();
  for (std::size_t i = 0; i < outcome.tasks.size(); ++i) {
    if (row.tasks[i]) json["tasks"][outcome.tasks[i].name] = cell_json(row, i);
  }
  return json;
}

Json behaviour_json(const Outcome& outcome) {
  Json rows = Json::array();
  for (std::size_t i = 0; i < outcome.behaviour.size(); ++i) {
    rows.push_back(behaviour_row_json(outcome, i));
  }
  return {
      {"rows", rows},
      {"best_single",
       {{"task", outcome.best_single}, {"questions_of_each_task", outcome.best_single_questions}}}};
}

}  // namespace

Table behaviour_table(const Outcome& outcome) {
  Table table;
  table.title = cat("Exact match, %: ", printable(outcome.model));
  table.header = {"method"};
  const std::vector<Group> groups = groups_of(outcome.tasks);
  for (const Group& group : groups) {
    table.header.push_back(group_title(group));
    table.header.emplace_back("gain");
  }
  for (std::size_t i = 0; i < outcome.behaviour.size(); ++i) {
    std::vector<std::string> row = {printable(outcome.behaviour[i].label)};
    for (const Group& group : groups) {
      const Summary summary = summarise(outcome.behaviour, i, group);
      row.push_back(interval_text(summary.accuracy, 100.0, 1) +
                    (summary.overlaps_generated.value_or(false) ? " *" : "  "));
      row.push_back(summary.gain ? fixed(100.0 * *summary.gain, 1) : "-");
    }
    table.rows.push_back(row);
  }
  table.notes = {
      "Mean over tasks [95 % interval over tasks, Student's t]; * overlaps with the generated's.",
      "gain: sum over tasks of method - base / sum of own adapter - base, in %."};
  if (has_tuned(outcome)) {
    table.notes.emplace_back("own adapter: the one tuned here where a task has no other.");
  }
  if (!outcome.best_single.empty()) {
    table.notes.push_back(cat("Best single: the adapter of '", printable(outcome.best_single),
                              "', chosen by the first ", outcome.best_single_questions,
                              " questions of every held-out task."));
  }
  return table;
}

Table lead_table(const Outcome& outcome) {
  Table table;
  table.title = cat("Lead of the generated, points: ", printable(outcome.model));
  table.header = {"over"};
  const std::vector<Group> groups = groups_of(outcome.tasks);
  for (const Group& group : groups) table.header.push_back(group_title(group));
  for (std::size_t i = 0; i < outcome.behaviour.size(); ++i) {
    std::vector<std::string> row = {printable(outcome.behaviour[i].label)};
    for (const Group& group : groups) {
      const Summary summary = summarise(outcome.behaviour, i, group);
      if (!summary.behind_generated) continue;
      row.push_back(interval_text(*summary.behind_generated, 100.0, 1));
    }
    if (row.size() == table.header.size()) table.rows.push_back(row);
  }
  table.notes = {"Mean over tasks of generated - method, paired by task [95 % interval]."};
  return table;
}

Table weights_table(const Outcome& outcome) {
  Table table;
  table.title = cat("Relative distance of updates B A: ", printable(outcome.model));
  table.header = {"between", "and"};
  const std::vector<Group> groups = groups_of(outcome.tasks);
  for (const Group& group : groups) table.header.push_back(group_title(group));
  for (const WeightRow& row : outcome.weights) {
    const bool to_own = row.id.starts_with("distance:");
    std::vector<std::string> cells = {printable(row.label), to_own ? "own" : "generated"};
    for (const Group& group : groups) cells.push_back(interval_text(summarise(row, group), 1.0, 3));
    table.rows.push_back(cells);
  }
  table.notes = {
      "own: the mean update of the task's own checkpoints; generated: from the right prompts.",
      spread_note("generated adapters", outcome.generated)};
  if (outcome.own) table.notes.push_back(spread_note("own checkpoints", *outcome.own));
  if (const std::string words = verdict_of(outcome); !words.empty()) table.notes.push_back(words);
  return table;
}

std::string text_of(const Table& table) {
  const std::vector<std::size_t> widths = widths_of(table);
  std::string text = table.title + "\n\n" + padded_line(table.header, widths);
  for (const auto& row : table.rows) text += padded_line(row, widths);
  text += "\n";
  for (const std::string& note : table.notes) text += note + "\n";
  return text;
}

std::string markdown_of(const Table& table) {
  std::string text =
      "### " + markdown_cell(table.title) + "\n\n" + markdown_line(table.header) + "|";
  for (std::size_t i = 0; i < table.header.size(); ++i) text += i == 0 ? "---|" : "---:|";
  text += "\n";
  for (const auto& row : table.rows) text += markdown_line(row);
  text += "\n";
  for (const std::string& note : table.notes) text += markdown_cell(note) + "  \n";
  return text;
}

Json questions_json(const Outcome& outcome, QuestionSet set) {
  Json json = Json::object();
  for (const TaskName& task : outcome.tasks) {
    const auto& questions = set == QuestionSet::test ? task.questions : task.paraphrased;
    if (questions.empty()) continue;
    Json& list = json[task.name] = Json::array();
    for (const tasks::Question& question : questions) {
      Json& told =
          list.emplace_back(Json{{"prompt", question.prompt}, {"answer", question.answer}});
      if (!question.bare.empty()) told["bare"] = question.bare;
      if (!question.choices.empty()) told["choices"] = question.choices;
    }
  }
  return json;
}

Json outcome_json(const Outcome& outcome) {
  Json json = {{"model", outcome.model}, {"tasks", Json::array()}};
  for (const TaskName& task : outcome.tasks) {
    Json& told = json["tasks"].emplace_back(Json{{"task", task.name}, {"group", task.group}});
    if (task.system) told["system"] = *task.system;
    if (task.stop) told["stop"] = *task.stop;
  }
  Json rows = Json::array();
  for (const WeightRow& row : outcome.weights) rows.push_back(weight_row_json(outcome, row));
  json["weights"] = {{"rows", rows},
                     {"spread",
                      {{"generated", spread_json(outcome.generated)},
                       {"own", outcome.own ? spread_json(*outcome.own) : Json(nullptr)}}}};
  const char* const separation = separation_name(separation_of(outcome));
  json["weights"]["tasks_are"] = separation != nullptr ? Json(separation) : Json(nullptr);
  json["behaviour"] = outcome.behaviour.empty() ? Json(nullptr) : behaviour_json(outcome);
  return json;
}

}  // namespace dnd::eval
