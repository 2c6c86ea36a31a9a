#include "tuning/tuning_cost.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "tuning/lesson_maker.h"
#include "tuning/plan.h"
#include "tuning/start_adapter.h"
#include "tuning/task_lessons.h"
#include "tuning/teacher.h"

namespace dnd::tuning {
namespace {

// Of each learner on the disk: values, two moments, the best values.
constexpr std::uint64_t kKeptValues = 4;

// What a teacher would give, as far as it can be known beforehand.
TaskLessons expected_lessons(const tasks::Task& task, const LessonMaker& maker,
                             const Request& request) {
  if (request.distill == Distill::none) return lessons_of(task, maker, request);
  std::vector<Taught> taught = prompts_to_teach(maker, task, request);
  for (Taught& each : taught) {
    each.answer.ids.resize(static_cast<std::size_t>(request.teacher_tokens));
  }
  return lessons_of(task, taught, request);
}

void count_lessons(const std::vector<TaskLessons>& tasks, TuneCost& cost) {
  cost.tasks = tasks.size();
  for (const TaskLessons& task : tasks) {
    cost.questions += task.learned.size();
    cost.left_out += task.left_out.size();
    for (const TuneLesson& lesson : task.learned) {
      cost.longest = std::max(cost.longest, lesson.ids.size());
      cost.tokens += static_cast<double>(lesson.ids.size());
    }
  }
  cost.tokens /= static_cast<double>(cost.questions);
}

double step_seconds(LanguageModel& model, TuneJob job) {
  job.rule.steps = job.rule.evaluations = job.rule.checkpoints = 1;
  for (TuneLearner& learner : job.learners) learner.left_out.clear();
  double seconds = 0.0;
  TuneObserver hears;
  hears.on_step = [&](const TuneStep& step) { seconds = step.seconds; };
  model.tune(job, hears);
  return seconds;
}

}  // namespace

TuneCost tuning_cost(const Request& request, const std::vector<tasks::Task>& tasks,
                     const target::BaseModel& base, LanguageModel& model,
                     const chat::BaseChat& chat) {
  const adapter::LoraAdapter start = start_adapter(request, base);
  const LessonMaker maker(model, chat, request.ask);
  std::vector<TaskLessons> lessons;
  lessons.reserve(tasks.size());
  for (const tasks::Task& task : tasks) lessons.push_back(expected_lessons(task, maker, request));
  TuneCost cost;
  count_lessons(lessons, cost);
  for (const adapter::LoraPair& pair : start.pairs) {
    cost.adapter_bytes += (pair.a.size() + pair.b.size()) * sizeof(float);
  }
  const Plan plan(request, lessons);
  if (request.joint) {
    cost.adapters = 1;
    cost.state_bytes = kKeptValues * cost.adapter_bytes;
    cost.seconds =
        step_seconds(model, plan.joint_job(start)) * static_cast<double>(request.joint->steps);
  }
  if (request.joint_only) return cost;
  const std::size_t together = plan.end_of_group(0);
  cost.adapters += static_cast<std::int64_t>(tasks.size()) * request.rule.checkpoints;
  cost.state_bytes = kKeptValues * cost.adapter_bytes * together;
  cost.seconds += step_seconds(model, plan.group_job(0, start)) *
                  static_cast<double>(request.rule.steps) * static_cast<double>(tasks.size()) /
                  static_cast<double>(together);
  return cost;
}

}  // namespace dnd::tuning
