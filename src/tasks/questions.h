// Questions with their answers, as files have them: to judge by, and to learn from.
//
// Any container of text/prompts.h. A row is
//   {"prompt", "answer"}   with "choices" (two or more texts) where one is chosen, "bare" (the input without
//                          the instruction), and "wording" and "layout", which nothing here reads
//   {"messages": [...]}    {role, content}, the last from the assistant: its answer; the one before from the
//                          user: its question; those before belong to the question
// or has its question under another name that text/prompts.h knows and its answer under one that
// text/record_keys.h knows, as rows of tables do.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace dnd::tasks {

struct Turn {
  std::string role;
  std::string content;
  bool operator==(const Turn&) const = default;
};

struct Question {
  std::string prompt;
  std::string answer;  // what the model has to say, without surrounding white space
  std::vector<std::string> choices =
      {};                         // what it has to choose from, `answer` among it; else empty
  std::string bare = {};          // the input alone; empty where the row has none
  std::vector<Turn> before = {};  // what was said before the prompt
  std::string where = {};         // "answers.jsonl: line 3", for messages
};

enum class Ask { prompt, bare };  // which text of a question a base is asked

// That text. Throws Error(data) by file and line where the question has no such one.
const std::string& asked(const Question& question, Ask ask);

// Whether they ask the same: an equal prompt, or an equal input in other words.
bool ask_the_same(const Question& first, const Question& second);

// Throws Error(no_input), or Error(data) by file and line: rows without a question or an answer, with several
// that may be the answer, choices without it, keys that are nearly one of the above; no rows.
std::vector<Question> read_questions(const std::filesystem::path& path);

}  // namespace dnd::tasks
