// The examples of each step, drawn and copied.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bundle/generator_config.h"
#include "dnd/trainer.h"
#include "tasks/draws.h"
#include "trainer/answer_source.h"
#include "trainer/gradient.h"

namespace dnd::trainer {

// Of a contiguous fp32 tensor of the CPU.
std::span<float> example_values(const at::Tensor& tensor);

// Without state, so from any thread.
class ExampleSource {
 public:
  // Both must outlive the object. `answers`: nullptr where nothing is learned through a base.
  ExampleSource(const TrainJob& job, const AnswerSource* answers);

  // Examples first .. first + size - 1 of the whole batch of `step`, on the CPU.
  Examples make(std::int64_t step, std::int64_t first, std::int64_t size) const;

  // The conditions (L, C) of these prompts, one behind the other. Throws Error(data) where a value is not
  // finite.
  void copy_rows(const std::vector<std::int64_t>& rows, std::span<float> out) const;

 private:
  void add_example(const tasks::ExampleKey& key, std::int64_t place, Examples& examples) const;
  std::span<const float> condition_row(std::size_t row, std::size_t size) const;

  const TrainJob& job_;
  const AnswerSource* answers_;
  bundle::ConditionConfig condition_;
  bundle::Feature tokens_;
  std::vector<tasks::TaskSize> sizes_;
};

}  // namespace dnd::trainer
