#include "trainer/example_source.h"

#include <ATen/ops/empty.h>

#include <algorithm>

#include "base/dtype.h"
#include "base/strings.h"
#include "tasks/train_config.h"

namespace dnd::trainer {

std::span<float> example_values(const at::Tensor& tensor) {
  return {tensor.mutable_data_ptr<float>(), static_cast<std::size_t>(tensor.numel())};
}

ExampleSource::ExampleSource(const TrainJob& job, const AnswerSource* answers)
    : job_(job),
      answers_(answers),
      condition_(job.config->generator.condition),
      tokens_(job.config->generator.features.back()) {
  for (const TrainTask& task : job.tasks) sizes_.push_back({task.prompts.size(), task.adapters});
}

Examples ExampleSource::make(std::int64_t step, std::int64_t first, std::int64_t size) const {
  Examples examples;
  examples.condition =
      at::empty({size, condition_.prompts, condition_.max_length, condition_.width}, at::kFloat);
  if (job_.config->released > 0.0) {
    examples.target = at::empty({size, tokens_.n, tokens_.h, tokens_.w}, at::kFloat);
  }
  for (std::int64_t i = 0; i < size; ++i) {
    add_example({job_.config->seed, static_cast<std::uint64_t>(step),
                 static_cast<std::uint64_t>(first + i)},
                i, examples);
  }
  return examples;
}

void ExampleSource::add_example(const tasks::ExampleKey& key, std::int64_t place,
                                Examples& examples) const {
  const tasks::TrainConfig& config = *job_.config;
  const tasks::Draw draw =
      tasks::draw_example(sizes_, static_cast<std::size_t>(condition_.prompts), key);
  std::vector<std::int64_t> rows;
  rows.reserve(draw.prompts.size());
  for (const std::size_t prompt : draw.prompts) {
    rows.push_back(job_.tasks[draw.task].prompts[prompt]);
  }
  const std::span<float> condition = example_values(examples.condition.select(0, place));
  copy_rows(rows, condition);
  tasks::add_noise(condition, config.condition_noise, key, tasks::NoiseStream::condition);
  if (examples.target.defined()) {
    const std::span<float> target = example_values(examples.target.select(0, place));
    job_.target(draw.task, draw.adapter, target);
    tasks::add_noise(target, config.target_noise, key, tasks::NoiseStream::target);
  }
  if (answers_ == nullptr) return;
  answers_->add_lessons(key, draw.task, static_cast<std::size_t>(place), examples.lessons);
}

void ExampleSource::copy_rows(const std::vector<std::int64_t>& rows, std::span<float> out) const {
  const std::size_t size = out.size() / rows.size();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto source = condition_row(static_cast<std::size_t>(rows[i]), size);
    std::copy(source.begin(), source.end(), out.begin() + static_cast<std::ptrdiff_t>(i * size));
  }
}

// The file is as large as memory or larger, so its values are looked at where they are used.
std::span<const float> ExampleSource::condition_row(std::size_t row, std::size_t size) const {
  if (row >= job_.conditions.size() / size) {
    fail(ErrorKind::internal, "train: no condition of prompt ", row);
  }
  const std::span<const float> values = job_.conditions.subspan(row * size, size);
  if (const auto bad = first_not_finite(Dtype::f32, values)) {
    fail(ErrorKind::data, "conditions: ", job_.conditions_file.string(), ": prompt ", row,
         ": a value is ", values[*bad], " (damaged? delete the file: it is made anew)");
  }
  return values;
}

}  // namespace dnd::trainer
