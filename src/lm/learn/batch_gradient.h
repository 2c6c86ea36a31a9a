// Losses and gradients of one batch of lessons, cut into micro-batches that are independent of each other.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "lm/learn/learning_base.h"
#include "lm/learn/lessons.h"
#include "ops/workers.h"

namespace dnd::lm::learn {

struct BatchGradient {
  BatchGradient& operator+=(BatchGradient&& other);  // of the lessons that follow; adds in place

  std::vector<double> losses;  // of each lesson: the mean over its answer's tokens
  std::vector<bool> right;     // of each: every token of its answer is the likeliest
  // By task, of the sum of its lessons' losses, as matrices_of() its adapter; empty for a task without a
  // lesson.
  std::vector<std::vector<at::Tensor>> gradients;
};

// Means over lessons [first, first + count) of a batch.
TuneScore mean_score(const BatchGradient& batch, std::size_t first, std::size_t count);

// The first layer that any of the adapters acts on; the number of layers where none does.
std::int64_t lowest_layer(const LearningBase& base, std::span<const TaskAdapter> adapters);

// Rows (tokens) that a thread should work on at once: enough for its products to be fast, and a small part
// of the memory that a whole batch would take.
inline constexpr std::int64_t kMicroBatchRows = 256;

// Each micro-batch, neighbouring lessons of about `rows` tokens together at most (or one that is longer), is
// one block of `workers`: forward and backward on one thread, with leaves of its own. Blocks
// are summed in their order, so a result has the same bytes whatever the number of threads. Layers below
// the lowest that an adapter acts on are not recorded, nor run where lessons bring what is below them.
// `base` has room for the longest lesson; `adapters`: by Lesson::task.
BatchGradient batch_gradient(const ops::Workers& workers, const LearningBase& base,
                             std::span<const Lesson> lessons, std::span<const TaskAdapter> adapters,
                             std::int64_t rows = kMicroBatchRows);

// One micro-batch on the calling thread: without `backward` the losses alone. `lowest`: of lowest_layer().
BatchGradient micro_batch_gradient(const LearningBase& base, std::span<const Lesson> lessons,
                                   std::span<const TaskAdapter> adapters, std::int64_t lowest,
                                   bool backward);

// The losses alone.
BatchGradient batch_losses(const ops::Workers& workers, const LearningBase& base,
                           std::span<const Lesson> lessons, std::span<const TaskAdapter> adapters,
                           std::int64_t rows = kMicroBatchRows);

}  // namespace dnd::lm::learn
