// Context distillation: the base itself, with a task's context before every question, is the teacher; what is
// learned is to answer so without it (Askell et al. 2021, arXiv 2112.00861; Snell et al. 2022, arXiv
// 2209.15189).
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "dnd/language_model.h"
#include "tasks/task_set.h"
#include "tuning/lesson_maker.h"
#include "tuning/request.h"
#include "tuning/task_lessons.h"

namespace dnd::tuning {

// A task's context: a text, which is the teacher's system text, or messages before the question.
struct Context {
  std::optional<std::string> system;
  Messages messages;
  std::string sha256;  // of the file
};

// A .json file holds messages, {role, content} or {"messages": [...]}; any other a text. Throws
// Error(no_input), Error(data).
Context read_context(const std::filesystem::path& path);

// A prompt with what teacher and student read of it, and what the teacher answers.
struct Taught {
  std::string prompt;
  std::vector<std::int32_t> teacher_ids;  // up to the answer
  std::vector<std::int32_t> student_ids;
  TaughtAnswer answer;
};

// Each different prompt of the task, without its answer. Throws as read_context() does, and Error(data) for
// prompts that are longer than the base takes with their context and an answer.
std::vector<Taught> prompts_to_teach(const LessonMaker& maker, const tasks::Task& task,
                                     const Request& request);

// Their answers by the base of that fingerprint; those that `cache` has of an earlier call are not made
// again, those that are made are added to it as they come. `progress` hears the share done; `should_stop` is
// asked between batches: `taught` is then cut to what has an answer.
void teach(LanguageModel& model, std::vector<Taught>& taught, const Request& request,
           const std::string& base, const std::filesystem::path& cache,
           const std::function<void(double)>& progress, const std::function<bool()>& should_stop);

// What is learned and left out of them, as lessons_of() says of questions.
TaskLessons lessons_of(const tasks::Task& task, const std::vector<Taught>& taught,
                       const Request& request);

// How often the first lines agree with the teacher's.
struct Agreement {
  std::size_t prompts = 0;
  double base = 0.0;     // share, of the base alone
  double adapted = 0.0;  // and with an adapter
};

// On the task's left out prompts. The adapter stays in use.
Agreement compare(LanguageModel& model, const std::vector<Taught>& taught,
                  const adapter::LoraAdapter& adapter, const Request& request,
                  const std::string& task);

}  // namespace dnd::tuning
