#include "trainer/answer_source.h"

#include <ATen/TensorOperators.h>

#include <filesystem>
#include <utility>

#include "base/strings.h"
#include "tasks/train_config.h"

namespace dnd::trainer {
namespace {

using lm::learn::Lesson;

// Of what is learned; what is judged comes along now and then alone.
std::vector<const TuneLesson*> learned_lessons(const TrainJob& job) {
  std::vector<const TuneLesson*> lessons;
  for (const TrainTask& task : job.tasks) {
    for (const auto* list : {&task.asked, &task.bare}) {
      for (const TuneLesson& lesson : *list) lessons.push_back(&lesson);
    }
  }
  return lessons;
}

}  // namespace

AnswerSource::AnswerSource(const ops::Workers& workers, const TrainJob& job, std::int64_t rank,
                           const std::function<bool()>& should_stop)
    : job_(job),
      objective_(lm::parts_of(*job.base), job.config->generator.layout,
                 static_cast<std::int64_t>(job.longest)) {
  if (objective_.lowest_layer() == 0 || job.config->answers.state_bytes == 0) return;
  std::filesystem::path path = job.lower_states;
  if (rank > 0) path += cat(".", rank);
  below_.emplace(workers, objective_.base(), objective_.lowest_layer(), learned_lessons(job),
                 std::move(path), job.config->answers.state_bytes, should_stop);
}

Lesson AnswerSource::lesson_of(const TuneLesson& lesson, std::size_t example) const {
  return {lesson.ids, lesson.answer, example, nullptr,
          below_ ? below_->of(lesson) : std::span<const float>()};
}

void AnswerSource::add_lessons(const tasks::ExampleKey& key, std::size_t task, std::size_t example,
                               std::vector<Lesson>& lessons) const {
  const TrainTask& from = job_.tasks[task];
  const tasks::AnswerRule& rule = job_.config->answers;
  const std::size_t count = std::max(from.asked.size(), from.bare.size());
  for (const tasks::QuestionDraw& draw :
       tasks::draw_questions(count, static_cast<std::size_t>(rule.questions), rule.bare, key)) {
    const auto& list = draw.bare ? from.bare : from.asked;
    lessons.push_back(lesson_of(list.at(draw.question), example));
  }
}

at::Tensor AnswerSource::loss(const at::Tensor& tokens, const std::vector<Lesson>& lessons) const {
  return objective_(tokens, lessons) / static_cast<double>(job_.config->answers.questions);
}

TuneScore AnswerSource::judge(const ops::Workers& workers, const at::Tensor& tokens,
                              const std::vector<TuneLesson>& lessons) const {
  std::vector<Lesson> asked;
  asked.reserve(lessons.size());
  for (const TuneLesson& lesson : lessons) asked.push_back(lesson_of(lesson, 0));
  return objective_.judge(workers, tokens, asked);
}

}  // namespace dnd::trainer
