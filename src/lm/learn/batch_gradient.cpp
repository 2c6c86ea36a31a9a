#include "lm/learn/batch_gradient.h"

#include <ATen/ops/empty.h>
#include <c10/core/GradMode.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <utility>

#include "ops/ordered_sum.h"

namespace dnd::lm::learn {
namespace {

// Rows of a micro-batch that are enough for its products to be nearly as fast as those of a larger one, and
// how many micro-batches there are at least where each has so many: few threads are left without work.
constexpr std::int64_t kEnoughRows = 64;
constexpr std::int64_t kEnoughBatches = 4;

std::int64_t length_of(const Lesson& lesson) {
  return static_cast<std::int64_t>(lesson.ids.size());
}

// Of about the same size.
std::vector<std::span<const Lesson>> micro_batches(std::span<const Lesson> lessons,
                                                   std::int64_t rows) {
  std::int64_t all = 0;
  for (const Lesson& lesson : lessons) all += length_of(lesson);
  const std::int64_t count = std::max(
      (all + rows - 1) / rows, std::clamp(all / kEnoughRows, std::int64_t{1}, kEnoughBatches));
  std::vector<std::span<const Lesson>> batches;
  std::size_t first = 0;
  std::int64_t taken = 0;  // of all rows
  for (std::size_t i = 0; i < lessons.size(); ++i) {
    // Half of a lesson beyond a border is too much.
    const auto border = static_cast<std::int64_t>(batches.size() + 1) * all / count;
    if (i > first && taken + length_of(lessons[i]) / 2 > border) {
      batches.push_back(lessons.subspan(first, i - first));
      first = i;
    }
    taken += length_of(lessons[i]);
  }
  if (first < lessons.size()) batches.push_back(lessons.subspan(first));
  return batches;
}

}  // namespace

std::int64_t lowest_layer(const LearningBase& base, std::span<const TaskAdapter> adapters) {
  for (std::int64_t layer = 0; layer < base.layers(); ++layer) {
    const bool adapted =
        std::any_of(adapters.begin(), adapters.end(), [&](const TaskAdapter& adapter) {
          const auto begin = adapter.begin() + layer * LearningBase::kPlaces;
          return std::any_of(begin, begin + LearningBase::kPlaces,
                             [](const LinearAdapter& linear) { return linear.a.defined(); });
        });
    if (adapted) return layer;
  }
  return base.layers();
}

namespace {

// What goes into layer `lowest`.
at::Tensor states_below(const LearningBase& base, std::span<const Lesson> lessons,
                        const PassLayout& layout, std::int64_t lowest) {
  const bool kept =
      lowest > 0 && std::all_of(lessons.begin(), lessons.end(),
                                [](const Lesson& each) { return !each.below.empty(); });
  if (!kept) {
    const c10::AutoGradMode record(false);
    return base.run_layers(0, lowest, base.embed(lessons), layout, {});
  }
  at::Tensor states = at::empty({layout.rows, base.width()}, at::kFloat);
  auto* to = states.mutable_data_ptr<float>();
  for (const Lesson& lesson : lessons) to = std::copy(lesson.below.begin(), lesson.below.end(), to);
  return states;
}

// The adapters of a micro-batch's tasks with leaves of its own.
struct Leaves {
  std::vector<std::size_t> tasks;                 // that it has
  std::vector<std::vector<at::Tensor>> matrices;  // of each of them
  std::vector<TaskAdapter> adapters;              // of each of them
  std::vector<const TaskAdapter*> by_task;        // of all; nullptr for those that it has not

  Leaves(const PassLayout& layout, std::span<const TaskAdapter> all) : by_task(all.size()) {
    for (const TaskRows& run : layout.tasks) {
      if (std::find(tasks.begin(), tasks.end(), run.task) == tasks.end()) tasks.push_back(run.task);
    }
    for (const std::size_t task : tasks) {
      std::vector<at::Tensor> own;
      for (const at::Tensor& matrix : matrices_of(all[task])) {
        own.push_back(matrix.detach().requires_grad_(true));
      }
      adapters.push_back(with_matrices(all[task], own));
      matrices.push_back(std::move(own));
    }
    for (std::size_t i = 0; i < tasks.size(); ++i) by_task[tasks[i]] = &adapters[i];
  }

  std::vector<at::Tensor> all() const {
    std::vector<at::Tensor> leaves;
    for (const auto& own : matrices) leaves.insert(leaves.end(), own.begin(), own.end());
    return leaves;
  }
};

BatchGradient run_batch(const ops::Workers& workers, const LearningBase& base,
                        std::span<const Lesson> lessons, std::span<const TaskAdapter> adapters,
                        std::int64_t rows, bool backward) {
  const std::vector<std::span<const Lesson>> batches = micro_batches(lessons, rows);
  const std::int64_t lowest = lowest_layer(base, adapters);
  ops::OrderedSum<BatchGradient> sum;
  workers.run(static_cast<std::int64_t>(batches.size()), [&](std::int64_t block) {
    sum.add(block, micro_batch_gradient(base, batches[static_cast<std::size_t>(block)], adapters,
                                        lowest, backward));
  });
  return sum.take();
}

}  // namespace

BatchGradient micro_batch_gradient(const LearningBase& base, std::span<const Lesson> lessons,
                                   std::span<const TaskAdapter> adapters, std::int64_t lowest,
                                   bool backward) {
  const c10::InferenceMode off(false);  // the workers' threads live in inference mode
  const PassLayout layout = lay_out(lessons);
  const Leaves leaves(layout, adapters);
  at::Tensor states = states_below(base, lessons, layout, lowest);
  const c10::AutoGradMode record(backward);
  states = base.run_layers(lowest, base.layers(), states, layout, leaves.by_task);
  AnswerLosses answers = base.losses(states, layout);
  BatchGradient result = {std::move(answers.losses), std::move(answers.right), {}};
  result.gradients.resize(adapters.size());
  if (!backward) return result;
  std::vector<at::Tensor> gradients = torch::autograd::grad({answers.sum}, leaves.all());
  auto next = gradients.begin();
  for (std::size_t i = 0; i < leaves.tasks.size(); ++i) {
    const auto count = static_cast<std::ptrdiff_t>(leaves.matrices[i].size());
    result.gradients[leaves.tasks[i]].assign(next, next + count);
    next += count;
  }
  return result;
}

BatchGradient& BatchGradient::operator+=(BatchGradient&& other) {
  losses.insert(losses.end(), other.losses.begin(), other.losses.end());
  right.insert(right.end(), other.right.begin(), other.right.end());
  for (std::size_t task = 0; task < gradients.size(); ++task) {
    if (gradients[task].empty()) {
      gradients[task] = std::move(other.gradients[task]);
      continue;
    }
    for (std::size_t i = 0; i < other.gradients[task].size(); ++i) {
      gradients[task][i].add_(other.gradients[task][i]);
    }
  }
  return *this;
}

TuneScore mean_score(const BatchGradient& batch, std::size_t first, std::size_t count) {
  TuneScore score;
  for (std::size_t i = first; i < first + count; ++i) {
    score.loss += batch.losses[i] / static_cast<double>(count);
    score.right += (batch.right[i] ? 1.0 : 0.0) / static_cast<double>(count);
  }
  return score;
}

BatchGradient batch_gradient(const ops::Workers& workers, const LearningBase& base,
                             std::span<const Lesson> lessons, std::span<const TaskAdapter> adapters,
                             std::int64_t rows) {
  return run_batch(workers, base, lessons, adapters, rows, /*backward=*/true);
}

BatchGradient batch_losses(const ops::Workers& workers, const LearningBase& base,
                           std::span<const Lesson> lessons, std::span<const TaskAdapter> adapters,
                           std::int64_t rows) {
  return run_batch(workers, base, lessons, adapters, rows, /*backward=*/false);
}

}  // namespace dnd::lm::learn
