// Tasks: what a generator is trained on and judged by. A task is a set of prompts with the adapters
// that were trained for it, and, where behaviour is judged, questions with answers.
//
// tasks.json (docs/training.md): {"format": "dnd-tasks", "version": 1, "train": [...],
// "held_out": [...]}, and other lists, which are parts too; paths are relative to its folder. Adapters are
// listed here, read later (tasks/task_adapters.h): there may be more than fit in memory.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tasks/questions.h"
#include "tasks/scorer.h"
#include "text/prompt_source.h"

namespace dnd::tasks {

// The same task in other words than those of training.
struct Paraphrase {
  std::vector<std::string> prompts;
  std::vector<Question> test;
};

struct Task {
  std::string name;   // unique in the set; fit for a folder name
  std::string group;  // of held-out tasks: a part of the table; may be empty
  std::string form;   // of its answers, e.g. "word"; may be empty
  std::map<std::string, std::string> attributes;  // e.g. {"domain": "golf", "convention": "letter"}
  std::filesystem::path prompts_file;
  std::vector<std::string> prompts;  // never empty
  // Adapter folders, or .safetensors files where there are no folders, by name; may be empty.
  std::vector<std::filesystem::path> adapters;
  std::vector<Question> test;     // may be empty
  std::vector<Question> answers;  // to learn from; may be empty
  std::filesystem::path
      context;  // what a teacher has before every question: a text, or messages (JSON)
  std::optional<Scorer> scorer;       // of the answers; none: the judge's default
  std::optional<std::string> system;  // of the chat template that asks; none: the asker's own
  // An answer ends before the first of these, none empty; none given: the asker's own. An empty list: before
  // nothing.
  std::optional<std::vector<std::string>> stop;
  std::optional<Paraphrase> paraphrase;
};

struct TaskSet {
  std::vector<Task> train;
  std::vector<Task> held_out;
  std::vector<text::PromptSource> sources = {};  // how each file of prompts was read
};

// Reads tasks.json and every prompts and test file that it names. Throws Error(no_input) or
// Error(data): unknown keys, repeated names, prompts that are empty or have a `task` field, folders
// without adapters, a training task without adapters where `needs_adapters`, questions without an answer,
// empty stops.
TaskSet read_task_set(const std::filesystem::path& path, bool needs_adapters = true);

// One of the lists of tasks.json, whose tasks need no adapters.
struct TaskPart {
  std::vector<Task> tasks;  // not empty
  std::vector<text::PromptSource> sources;
};

// Throws as read_task_set() does, of the other parts nothing is read.
TaskPart read_task_part(const std::filesystem::path& path, const std::string& part);

// What is judged, and by whose side: that part as `held_out`, and `train`, which may be the same one or not
// be there. No task needs adapters. Throws as read_task_part() does.
TaskSet read_judged_set(const std::filesystem::path& path, const std::string& part);

}  // namespace dnd::tasks
