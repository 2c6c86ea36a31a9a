// What a generator is held against: one adapter for all tasks, and each task's own, learned here.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <vector>

#include "adapter/base_hints.h"
#include "chat/base_chat.h"
#include "dnd/language_model.h"
#include "eval/methods.h"
#include "generate/generator.h"
#include "tasks/task_set.h"

namespace dnd::eval {

struct JointAdapter {
  Weights adapter;  // nullptr: none
  bool in_layout = true;
};

// Any adapter of the base; in the layout's order, and `in_layout`, where it has the layout's modules, rank
// and scale. Throws as adapter::read_lora() does, and Error(data) for DoRA.
JointAdapter read_joint(const std::filesystem::path& path, const adapter::BaseHints& base,
                        const adapter::AdapterLayout& layout);

// What a residual bundle adds to: the mean of its training adapters, or the joint adapter that it was trained
// on. Throws Error(data) where its tokens have another shape than the layout's.
JointAdapter mean_of_bundle(const generate::Generator& generator);

struct OwnTuning {
  std::int64_t steps = 0;
  std::int64_t batch = 0;  // questions a step
  std::uint64_t seed = 0;
  tasks::Ask ask = tasks::Ask::prompt;
};

// The task with those of its answers that no question of its tests (paraphrases, too) asks.
tasks::Task without_test_questions(const tasks::Task& task);

// An adapter of every task with answers that may be learned from, in the order of `tasks`; nullptr for the
// others. Each begins with `joint`, without one with A of the seed and B = 0 in the layout's modules. Learned
// as `dnd tune` does by default (tuning/task_adapters.h), but from no question of the task's tests: a warning
// counts those. Throws as tuning::run_tuning() does.
std::vector<Weights> tune_own(const std::vector<tasks::Task>& tasks, const OwnTuning& rule,
                              const Weights& joint, const adapter::AdapterLayout& layout,
                              LanguageModel& model, const chat::BaseChat& chat,
                              const std::function<void(double)>& progress);

}  // namespace dnd::eval
