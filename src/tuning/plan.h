// Which adapters are learned side by side, from what and how: the jobs of a tuning.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "adapter/lora.h"
#include "dnd/tuner.h"
#include "tuning/request.h"
#include "tuning/task_lessons.h"

namespace dnd::tuning {

inline constexpr const char* kJoint = "joint";

class Plan {
 public:
  // Both must outlive the object.
  Plan(const Request& request, const std::vector<TaskLessons>& tasks);

  // Tasks that are learned together, by their first: as many as keep all threads busy.
  std::size_t side_by_side() const;
  std::size_t end_of_group(std::size_t first) const;
  // Of all, the joint adapter's included; and which of them (from 1) a group is.
  std::size_t stages() const;
  std::size_t stage_of(std::size_t first) const;

  // Jobs without a state. One adapter on all tasks, which count the same, judged by some questions of each.
  TuneJob joint_job(const adapter::LoraAdapter& start) const;
  TuneJob group_job(std::size_t first, const adapter::LoraAdapter& start) const;

 private:
  TuneRule joint_rule() const;

  const Request& request_;
  const std::vector<TaskLessons>& tasks_;
};

}  // namespace dnd::tuning
