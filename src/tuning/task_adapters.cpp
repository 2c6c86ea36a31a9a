#include "tuning/task_adapters.h"

#include "tuning/lesson_maker.h"
#include "tuning/plan.h"
#include "tuning/task_lessons.h"

namespace dnd::tuning {

std::vector<adapter::LoraAdapter> tuned_adapters(const Request& request,
                                                 const std::vector<tasks::Task>& tasks,
                                                 const adapter::LoraAdapter& start,
                                                 LanguageModel& model, const chat::BaseChat& chat,
                                                 const std::function<void(double)>& progress) {
  const LessonMaker maker(model, chat, request.ask);
  std::vector<TaskLessons> lessons;
  lessons.reserve(tasks.size());
  for (const tasks::Task& task : tasks) lessons.push_back(lessons_of(task, maker, request));
  const Plan plan(request, lessons);
  std::vector<adapter::LoraAdapter> adapters(tasks.size(), start);
  for (std::size_t first = 0; first < tasks.size(); first = plan.end_of_group(first)) {
    const auto of = static_cast<double>(tasks.size());
    const auto group = static_cast<double>(plan.end_of_group(first) - first);
    TuneObserver told;
    told.on_step = [&](const TuneStep& step) {
      const double share = static_cast<double>(step.step) / static_cast<double>(request.rule.steps);
      progress((static_cast<double>(first) + group * share) / of);
    };
    told.on_checkpoint = [&](std::size_t learner, std::int64_t /*step*/,
                             const adapter::LoraAdapter& adapter) {
      adapters[first + learner] = adapter;
    };
    model.tune(plan.group_job(first, start), told);
  }
  return adapters;
}

}  // namespace dnd::tuning
