// What one call makes: an adapter for each task and variant, and which part of them this call takes.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "text/prompts.h"

namespace dnd::generate {

// Part `index` of `count` of the tasks, 0-based.
struct Shard {
  std::size_t index = 0;
  std::size_t count = 1;
};

// "I/N", "" for all, or "auto": from SLURM_ARRAY_TASK_ID and _COUNT (and _MIN, _MAX and _STEP), else from
// RANK and WORLD_SIZE. Throws Error(usage), also for an array with gaps, whose tasks do not know their place.
Shard parse_shard(const std::string& text);

// One adapter to make.
struct Job {
  const text::PromptTask* task = nullptr;  // nullptr where a condition was given
  std::size_t variant = 0;
  std::filesystem::path path;
};

struct JobPlan {
  std::filesystem::path out;
  std::size_t variants = 0;  // 0: not asked for; else OUT/v000, OUT/v001, ...
  Shard shard;
};

// One for each task of the shard and variant, in order: at OUT/<task>, at OUT where the task has no name or
// `named_by_call`. What they point to is the set's.
std::vector<Job> plan_jobs(const text::PromptSet& set, const JobPlan& plan, bool named_by_call);
// The one of a given condition, which the first shard makes.
std::vector<Job> plan_jobs(const JobPlan& plan);

}  // namespace dnd::generate
