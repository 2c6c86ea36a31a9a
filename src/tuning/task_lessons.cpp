#include "tuning/task_lessons.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <span>
#include <unordered_map>
#include <utility>

#include "base/log.h"
#include "base/random.h"
#include "base/sha256.h"
#include "base/strings.h"
#include "text/prompt_source.h"
#include "text/prompts.h"

namespace dnd::tuning {
namespace {

// A file of questions by itself.
tasks::Task task_of_file(const std::filesystem::path& path) {
  tasks::Task task;
  task.answers = tasks::read_questions(path);
  task.name = path.stem().string();
  text::check_task_name(task.name);
  task.prompts_file = path;
  task.prompts.reserve(task.answers.size());
  for (const tasks::Question& question : task.answers) task.prompts.push_back(question.prompt);
  return task;
}

void require_lessons(const tasks::Task& task, const Request& request) {
  const std::string who =
      cat("tasks: ", request.tasks.string(), ": '", printable(task.name), "': ");
  if (task.name == "joint")
    fail(ErrorKind::data, who,
         "no task may be called so: the joint adapter's folder is (rename it, or the file)");
  if (request.distill != Distill::none) {
    if (task.context.empty()) fail(ErrorKind::data, who, "no 'context' for --distill");
  } else if (task.answers.empty()) {
    fail(ErrorKind::data, who, "no 'answers' to learn from",
         task.context.empty() ? "" : " (--distill learns from its 'context')");
  }
}

// All of a question that the answer follows from.
std::string key_of(const tasks::Question& question, const LessonMaker& maker) {
  std::string key;
  for (const tasks::Turn& turn : question.before) key += turn.role + '\0' + turn.content + '\0';
  return key + maker.asked(question);
}

void warn_about_contradictions(const tasks::Task& task, const std::vector<std::string>& keys) {
  std::unordered_map<std::string, std::size_t> first;
  std::size_t others = 0;
  std::string example;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto [found, is_new] = first.try_emplace(keys[i], i);
    const tasks::Question& before = task.answers[found->second];
    if (is_new || before.answer == task.answers[i].answer) continue;
    if (++others > 1) continue;
    example = cat(task.answers[i].where, ": '", text::shown_beginning(task.answers[i].answer),
                  "', at ", before.where.substr(before.where.rfind(": ") + 2), " '",
                  text::shown_beginning(before.answer), "'");
  }
  if (others == 0) return;
  log_warning(cat("task '", printable(task.name), "': ", others,
                  " questions have another answer than an equal one before: ", example));
}

}  // namespace

bool is_task_file(const std::filesystem::path& path) {
  if (path.extension() != ".json") return false;
  const Json json = read_json_file(path, "tasks: " + path.string());
  return json.is_object() && json.contains("format");
}

std::vector<tasks::Task> read_tasks(const Request& request) {
  std::vector<tasks::Task> tasks;
  if (is_task_file(request.tasks)) {
    tasks = tasks::read_task_part(request.tasks, request.part).tasks;
  } else {
    if (request.part != Request().part) {
      fail(ErrorKind::usage, "--part ", printable(request.part), ": ", request.tasks.string(),
           " is no tasks.json and has no parts");
    }
    tasks.push_back(task_of_file(request.tasks));
  }
  for (const tasks::Task& task : tasks) require_lessons(task, request);
  return tasks;
}

std::vector<bool> left_out_of(const std::vector<std::string>& keys, double share,
                              std::uint64_t seed, const std::string& name) {
  std::map<std::string, std::size_t> numbers;  // of different keys, by first appearance
  std::vector<std::size_t> number;
  number.reserve(keys.size());
  for (const std::string& key : keys) {
    number.push_back(numbers.try_emplace(key, numbers.size()).first->second);
  }
  const std::size_t size = numbers.size();
  auto count = static_cast<std::size_t>(std::lround(share * static_cast<double>(size)));
  if (share > 0.0 && size > 1) count = std::clamp<std::size_t>(count, 1, size - 1);
  if (size < 2) count = 0;
  Sha256 hash;
  hash.update(cat("left out ", seed, " ", name));
  SplitMix64 random(std::stoull(hash.hex().substr(0, 16), nullptr, 16));
  std::vector<bool> chosen(size);
  for (const std::size_t i : draw_without_replacement(size, count, random)) chosen[i] = true;
  std::vector<bool> left_out;
  left_out.reserve(number.size());
  for (const std::size_t i : number) left_out.push_back(chosen[i]);
  return left_out;
}

TaskLessons lessons_of(const tasks::Task& task, const LessonMaker& maker, const Request& request) {
  std::vector<std::string> keys;
  keys.reserve(task.answers.size());
  for (const tasks::Question& question : task.answers) keys.push_back(key_of(question, maker));
  warn_about_contradictions(task, keys);
  const std::vector<bool> left_out =
      left_out_of(keys, request.validation, request.rule.seed, task.name);
  TaskLessons lessons;
  lessons.name = task.name;
  for (std::size_t i = 0; i < task.answers.size(); ++i) {
    TuneLesson lesson = maker.lesson(task.answers[i], task.system);
    (left_out[i] ? lessons.left_out : lessons.learned).push_back(std::move(lesson));
  }
  if (request.validation > 0.0 && lessons.left_out.empty()) {
    log_warning(cat("task '", printable(task.name),
                    "': one question and no other: nothing is left out to judge by"));
  }
  return lessons;
}

std::string fingerprint(const std::vector<TaskLessons>& tasks) {
  Sha256 hash;
  const auto add = [&](const std::vector<TuneLesson>& lessons) {
    hash.update(cat(lessons.size(), " "));
    for (const TuneLesson& lesson : lessons) {
      hash.update(cat(lesson.ids.size(), " ", lesson.answer, " "));
      hash.update(std::as_bytes(std::span(lesson.ids)));
    }
  };
  for (const TaskLessons& task : tasks) {
    hash.update(task.name + '\0');
    add(task.learned);
    add(task.left_out);
  }
  return hash.hex();
}

std::string fingerprint(const std::vector<tasks::Task>& tasks) {
  Sha256 hash;
  for (const tasks::Task& task : tasks) {
    hash.update(task.name + '\0' + task.system.value_or("") + '\0');
    hash.update(sha256_hex_of_file(task.context));
    for (const std::string& prompt : task.prompts) hash.update(prompt + '\0');
  }
  return hash.hex();
}

}  // namespace dnd::tuning
