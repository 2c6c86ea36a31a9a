#include "tuning/plan.h"

#include <algorithm>
#include <utility>

namespace dnd::tuning {
namespace {

// Questions of a step that tasks side by side have together, at least.
constexpr std::int64_t kBusy = 32;
// Of those left out of all tasks, how many judge the joint adapter.
constexpr std::size_t kMostJudging = 256;
constexpr std::int64_t kJointWarmupShare = 20;  // one step in so many

}  // namespace

Plan::Plan(const Request& request, const std::vector<TaskLessons>& tasks)
    : request_(request), tasks_(tasks) {}

std::size_t Plan::side_by_side() const {
  const std::int64_t tasks = (kBusy + request_.rule.batch - 1) / request_.rule.batch;
  return static_cast<std::size_t>(std::max<std::int64_t>(1, tasks));
}

std::size_t Plan::end_of_group(std::size_t first) const {
  return std::min(first + side_by_side(), tasks_.size());
}

std::size_t Plan::stages() const {
  const std::size_t groups =
      request_.joint_only ? 0 : (tasks_.size() + side_by_side() - 1) / side_by_side();
  return groups + (request_.joint ? 1 : 0);
}

std::size_t Plan::stage_of(std::size_t first) const {
  return first / side_by_side() + (request_.joint ? 2 : 1);
}

TuneRule Plan::joint_rule() const {
  TuneRule rule = request_.rule;
  rule.steps = request_.joint->steps;
  rule.batch = request_.joint->batch;
  rule.checkpoints = 1;
  rule.warmup_steps = std::max<std::int64_t>(1, rule.steps / kJointWarmupShare);
  return rule;
}

TuneJob Plan::joint_job(const adapter::LoraAdapter& start) const {
  TuneLearner learner{kJoint, start, {}, {}};
  std::size_t left_out = 0;
  for (const TaskLessons& task : tasks_) {
    learner.learned.push_back(task.learned);
    left_out += task.left_out.size();
  }
  std::size_t each = left_out;
  if (left_out > kMostJudging) each = std::max<std::size_t>(1, kMostJudging / tasks_.size());
  for (const TaskLessons& task : tasks_) {
    const auto count = static_cast<std::ptrdiff_t>(std::min(each, task.left_out.size()));
    learner.left_out.insert(learner.left_out.end(), task.left_out.begin(),
                            task.left_out.begin() + count);
  }
  return {{std::move(learner)}, joint_rule(), {}, false, {}};
}

TuneJob Plan::group_job(std::size_t first, const adapter::LoraAdapter& start) const {
  TuneJob job{{}, request_.rule, {}, false, {}};
  for (std::size_t i = first; i < end_of_group(first); ++i) {
    job.learners.push_back({tasks_[i].name, start, {tasks_[i].learned}, tasks_[i].left_out});
  }
  return job;
}

}  // namespace dnd::tuning
