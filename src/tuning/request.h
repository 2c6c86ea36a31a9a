// What `dnd tune` is asked to do, and where what it makes lies.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "adapter/select_targets.h"
#include "chat/base_chat.h"
#include "dnd/tuner.h"
#include "tuning/lesson_maker.h"

namespace dnd::tuning {

// What the base itself, with a task's context before the question, teaches: its answers, or what it thought
// of each of their tokens, too.
enum class Distill { none, hard, soft };

struct JointRule {
  std::int64_t steps = 0;
  std::int64_t batch = 0;  // questions a step, of all tasks together
};

// What follows from a rule's steps, and from how many checkpoints are kept: its warm-up, and how often what
// was left out is judged.
void complete(TuneRule& rule, std::int64_t checkpoints);

struct Request {
  std::filesystem::path tasks;  // tasks.json, or a file of questions with answers: one task
  std::string part = "train";
  std::filesystem::path out;
  std::filesystem::path base;
  std::string base_name;  // as adapters call it; empty: what the base calls itself
  std::optional<JointRule> joint;
  bool joint_only = false;
  std::filesystem::path from;  // an adapter to begin with; empty: A of the seed, B = 0
  std::int64_t rank = 8;       // where there is no `from`, as the two that follow
  std::optional<std::int64_t> alpha;
  adapter::TargetOptions targets;
  TuneRule rule;
  double validation = 0.1;  // of each task's questions
  tasks::Ask ask = tasks::Ask::prompt;
  Distill distill = Distill::none;
  std::int64_t teacher_tokens = 32;  // of an answer of the teacher
  bool resume = false;

  std::filesystem::path record() const { return out / "tune.json"; }
  std::filesystem::path tasks_file() const { return out / "tasks.json"; }
  std::filesystem::path work() const { return out / "work"; }
  std::filesystem::path lock() const { return work() / "lock"; }
  std::filesystem::path joint_folder() const { return out / "joint"; }
  std::filesystem::path task_folder(const std::string& task) const { return out / "tasks" / task; }
};

}  // namespace dnd::tuning
