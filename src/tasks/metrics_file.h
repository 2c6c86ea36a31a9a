// WORK/metrics.jsonl: one JSON object a line.
//   {"step", "loss", "gradient_norm", "learning_rate", "examples_per_second"}
//   {"step", "held_out": task, "distance"}    0: the task's own adapter, 1: the mean training adapter
//   and, where answers are learned, "answer_loss" and "right": of the task's questions through the base
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <utility>

#include "base/json.h"

namespace dnd::tasks {

class MetricsFile {
 public:
  // Keeps the lines of an earlier run up to step `done`, those after it are from steps that count no
  // more. Throws Error(cannot_create).
  MetricsFile(const std::filesystem::path& path, std::int64_t done);

  // Whether an earlier run evaluated this held-out task at this step: it may have been killed between the
  // state of a step and its evaluation.
  bool has(std::int64_t step, const std::string& held_out) const;

  // Flushed at once. Throws Error(io).
  void add(const Json& line);

 private:
  void note(const Json& line);

  std::filesystem::path path_;
  std::ofstream out_;
  std::set<std::pair<std::int64_t, std::string>> evaluated_;  // steps and held-out tasks
};

}  // namespace dnd::tasks
