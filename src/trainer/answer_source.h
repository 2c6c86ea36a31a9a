// What a training learns through its base: the objective, and the questions that a step draws.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

#include "dnd/trainer.h"
#include "lm/learn/lower_states.h"
#include "tasks/draws.h"
#include "trainer/answer_objective.h"

namespace dnd::trainer {

class AnswerSource {
 public:
  // Runs every question once through what lies below the adapters and keeps it, within the configuration's
  // size, until `should_stop` says so. `rank`: of this process. The job must outlive the object. Throws as
  // AnswerObjective and LowerStates do, and Error(data) for a lesson that the base cannot take.
  AnswerSource(const ops::Workers& workers, const TrainJob& job, std::int64_t rank,
               const std::function<bool()>& should_stop);

  // Appends the questions of an example of the batch, as drawn by its key.
  void add_lessons(const tasks::ExampleKey& key, std::size_t task, std::size_t example,
                   std::vector<lm::learn::Lesson>& lessons) const;

  // Sum over the examples (B, T, R, S) of the means of their questions' losses.
  at::Tensor loss(const at::Tensor& tokens, const std::vector<lm::learn::Lesson>& lessons) const;

  TuneScore judge(const ops::Workers& workers, const at::Tensor& tokens,
                  const std::vector<TuneLesson>& lessons) const;

 private:
  lm::learn::Lesson lesson_of(const TuneLesson& lesson, std::size_t example) const;

  const TrainJob& job_;
  AnswerObjective objective_;
  std::optional<lm::learn::LowerStates> below_;
};

}  // namespace dnd::trainer
