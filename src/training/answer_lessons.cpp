#include "training/answer_lessons.h"

#include <algorithm>

#include "tuning/lesson_maker.h"

namespace dnd::training {
namespace {

constexpr std::size_t kMostJudged = 32;  // questions of a held-out task

class Maker {
 public:
  Maker(LanguageModel& model, const chat::BaseChat& chat)
      : asked_(model, chat, tasks::Ask::prompt), bare_(model, chat, tasks::Ask::bare) {}

  std::vector<TuneLesson> make(const tasks::Task& task,
                               const std::vector<tasks::Question>& questions, bool bare,
                               std::size_t most) {
    const tuning::LessonMaker& maker = bare ? bare_ : asked_;
    std::vector<TuneLesson> lessons;
    for (std::size_t i = 0; i < std::min(most, questions.size()); ++i) {
      lessons.push_back(maker.lesson(questions[i], task.system));
      longest_ = std::max(longest_, lessons.back().ids.size());
    }
    return lessons;
  }

  std::size_t longest() const { return longest_; }

 private:
  tuning::LessonMaker asked_;
  tuning::LessonMaker bare_;
  std::size_t longest_ = 0;
};

}  // namespace

AnswerLessons make_lessons(const Inputs& inputs, LanguageModel& model, const chat::BaseChat& chat,
                           std::vector<TrainTask>& tasks) {
  const double bare = inputs.config.answers.bare;
  Maker maker(model, chat);
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const tasks::Task& task = inputs.set.train[i];
    if (bare < 1.0) tasks[i].asked = maker.make(task, task.answers, false, SIZE_MAX);
    if (bare > 0.0) tasks[i].bare = maker.make(task, task.answers, true, SIZE_MAX);
  }
  AnswerLessons lessons;
  for (const tasks::Task& task : inputs.set.held_out) {
    const auto& questions = task.test.empty() ? task.answers : task.test;
    lessons.judged.push_back(maker.make(task, questions, bare >= 0.5, kMostJudged));
  }
  lessons.longest = maker.longest();
  return lessons;
}

}  // namespace dnd::training
