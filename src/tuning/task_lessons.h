// What each task has to learn from, and what is left out of it to judge by.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "dnd/language_model.h"
#include "tasks/task_set.h"
#include "tuning/lesson_maker.h"
#include "tuning/request.h"

namespace dnd::tuning {

struct TaskLessons {
  std::string name;
  std::vector<TuneLesson> learned;   // not empty
  std::vector<TuneLesson> left_out;  // of other questions; empty without validation
  // With a teacher, of the left out ones: tokens of its prompts, beyond those of the student's.
  double saved_tokens = 0.0;
};

// Whether the file is a tasks.json, not questions.
bool is_task_file(const std::filesystem::path& path);

// The tasks to learn: a part of tasks.json, or the one task of a file of questions, named like the file.
// Throws as the readers do, Error(data) where a task is called "joint" or has nothing to learn from.
std::vector<tasks::Task> read_tasks(const Request& request);

// By answers. Equal questions are learned or left out together; those with different answers are warned of.
// Throws Error(data) as LessonMaker::lesson(), and where nothing is left to learn.
TaskLessons lessons_of(const tasks::Task& task, const LessonMaker& maker, const Request& request);

// Which of the `keys` (equal ones together) are left out: `share` of the different ones, by seed and name, at
// least one of two where the share is not 0.
std::vector<bool> left_out_of(const std::vector<std::string>& keys, double share,
                              std::uint64_t seed, const std::string& name);

// sha256 of all that is learned and judged; of what a teacher is asked.
std::string fingerprint(const std::vector<TaskLessons>& tasks);
std::string fingerprint(const std::vector<tasks::Task>& tasks);

}  // namespace dnd::tuning
