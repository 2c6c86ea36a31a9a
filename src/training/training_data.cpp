#include "training/training_data.h"

#include <utility>

#include "base/sha256.h"
#include "base/strings.h"
#include "eval/selections.h"

namespace dnd::training {
namespace {

constexpr std::uint64_t kMaxTargetBytes = 4ULL << 30U;  // of tokens kept in memory

}  // namespace

TrainingData::TrainingData(const Inputs& inputs, const std::function<void(double)>& progress)
    : inputs_(inputs) {
  if (inputs.config.uses_adapters()) {
    targets_.emplace(inputs.config, inputs.set.train, kMaxTargetBytes,
                     [&](std::size_t done, std::size_t total) {
                       progress(static_cast<double>(done) / static_cast<double>(total));
                     });
  }
  if (inputs.config.evaluate_every > 0) {
    for (const tasks::Task& task : inputs.set.held_out) held_out_.push_back(held_out(task));
  }
  for (const tasks::Task& task : inputs.set.train) {
    TrainTask entry{{}, task.adapters.size()};
    for (const std::string& prompt : task.prompts) entry.prompts.push_back(rows_.row(prompt));
    tasks_.push_back(std::move(entry));
  }
}

std::vector<float> TrainingData::mean_tokens() const {
  const tasks::TrainConfig& config = inputs_.config;
  if (!config.residual) return {};
  if (!config.start.empty()) return tasks::start_mean_tokens(config);
  return config.joint.empty() ? targets_->mean_tokens() : tasks::joint_tokens(config);
}

std::string TrainingData::sha256() const {
  if (inputs_.config.answers.weight == 0.0) return targets_->sha256();
  Sha256 hash;
  if (targets_) hash.update(targets_->sha256());
  for (const tasks::Task& task : inputs_.set.train) {
    hash.update(cat(task.name, '\0', task.system.value_or(""), '\0', task.prompts.size(), '\0'));
    for (const std::string& prompt : task.prompts) hash.update(prompt + '\0');
    for (const tasks::Question& question : task.answers) {
      for (const tasks::Turn& turn : question.before) {
        hash.update(turn.role + '\0' + turn.content + '\0');
      }
      hash.update(question.prompt + '\0' + question.bare + '\0' + question.answer + '\0');
    }
  }
  return hash.hex();
}

HeldOut TrainingData::held_out(const tasks::Task& task) {
  HeldOut out{task.name, {}, {}};
  const auto needed = static_cast<std::size_t>(inputs_.config.generator.condition.prompts);
  for (const std::string& prompt :
       eval::draw_prompts(task.prompts, needed, /*seed=*/0, /*draw=*/0)) {
    out.rows.push_back(rows_.row(prompt));
  }
  if (targets_) out.own = tasks::mean_target(inputs_.config, task);
  return out;
}

}  // namespace dnd::training
