// What a training draws from: target tokens, prompts by the rows of their conditions, held-out tasks.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "dnd/trainer.h"
#include "generate/generator.h"
#include "tasks/conditions_plan.h"
#include "tasks/training_targets.h"
#include "training/request.h"

namespace dnd {
class Engine;
}

namespace dnd::training {

// One held-out task: which conditions it takes, what its own adapters are on average.
struct HeldOut {
  std::string name;
  std::vector<std::int64_t> rows;
  std::vector<double> own;  // flat; empty where it has no adapters
};

class TrainingData {
 public:
  // Reads the targets, if any; `progress` hears the share done. `inputs` must outlive the object.
  TrainingData(const Inputs& inputs, const std::function<void(double)>& progress);

  // Of the tasks' adapters; nullptr where none is used.
  const tasks::TrainingTargets* targets() const { return targets_ ? &*targets_ : nullptr; }
  // Of all that is learned from: names, prompts and adapters' tokens, or questions with answers.
  std::string sha256() const;
  const std::vector<HeldOut>& held_out() const { return held_out_; }
  const std::vector<TrainTask>& tasks() const { return tasks_; }
  // Every distinct prompt, by its row.
  const std::vector<std::string>& prompts() const { return rows_.texts(); }

  // (T, R, S) that the generator adds its output to; empty where it is not residual.
  std::vector<float> mean_tokens() const;

 private:
  HeldOut held_out(const tasks::Task& task);

  const Inputs& inputs_;
  std::optional<tasks::TrainingTargets> targets_;
  tasks::PromptRows rows_;
  std::vector<HeldOut> held_out_;
  std::vector<TrainTask> tasks_;
};

}  // namespace dnd::training
