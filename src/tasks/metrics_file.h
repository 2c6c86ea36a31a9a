// WORK/metrics.jsonl: one JSON object a line.
//   {"step", "loss", "gradient_norm", "learning_rate", "examples_per_second"}
//   {"step", "held_out": task, "distance"}    0: the task's own adapter, 1: the mean training adapter
//   and, where answers are learned, "answer_loss" and "right": of the task's questions through the base
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>

#include "base/json.h"

namespace dnd::tasks {

class MetricsFile {
 public:
  // Keeps the lines of an earlier run up to step `done`, those after it are from steps that count no
  // more. Throws Error(cannot_create).
  MetricsFile(const std::filesystem::path& path, std::int64_t done);

  // Flushed at once. Throws Error(io).
  void add(const Json& line);

 private:
  std::filesystem::path path_;
  std::ofstream out_;
};

}  // namespace dnd::tasks
