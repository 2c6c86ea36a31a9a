// An evaluation as tables for people and as JSON for programs.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "eval/results.h"

namespace dnd::eval {

struct Table {
  std::string title;
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;  // as wide as the header
  std::vector<std::string> notes;
};

// Exact match in percent with its interval and the share of the own adapter's gain, by group. A "*"
// marks intervals that overlap with those of `generated`. Without rows where behaviour was not judged.
Table behaviour_table(const Outcome& outcome);
// How many points the generated are ahead of each other row of the same questions: the mean of the
// tasks' differences and its interval, which is narrower than two intervals side by side suggest where
// tasks are hard or easy for all methods alike.
Table lead_table(const Outcome& outcome);
// Relative distances with intervals, by group, and the spreads as notes.
Table weights_table(const Outcome& outcome);

// Columns padded with spaces, numbers right-aligned; and GitHub's Markdown.
std::string text_of(const Table& table);
std::string markdown_of(const Table& table);

// {"model", "tasks": [{"task", "group"}], "weights": {"rows": [...], "spread": {...}, "tasks_are": "told
// apart" | "hardly told apart" | "not told apart" | "collapsed" | null (one task)}, "behaviour":
// {"rows": [...], "best_single": {...} | null} | null}. A task that was asked in its own way has "system" and
// "stop", too. Every row has "groups" (summaries) and "tasks" (values by name). Shares are in [0, 1]; figures
// that do not exist are null.
Json outcome_json(const Outcome& outcome);

// {task: [{"prompt", "answer"}]} of the questions that were asked, with "bare" and "choices" where they have
// such; the answers of behaviour's rows come in this order.
Json questions_json(const Outcome& outcome, QuestionSet set);

}  // namespace dnd::eval
