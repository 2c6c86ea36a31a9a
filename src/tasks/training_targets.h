// What a generator has to put out: the tokens of the training adapters, and what is measured on all
// of them before the first step.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "adapter/lora.h"
#include "adapter/update_norms.h"
#include "tasks/task_set.h"
#include "tasks/train_config.h"

namespace dnd::tasks {

// An adapter as it is learnt: pairs in layout order, rounded to bf16 as the release stores them,
// and, where asked for, every B A in its SVD form. Throws what read_task_adapter() throws.
adapter::LoraAdapter read_target(const TrainConfig& config, const std::filesystem::path& folder);

// Mean of the flat values (adapter/lora.h) of a task's adapters; empty where it has none.
std::vector<double> mean_target(const TrainConfig& config, const Task& task);

// (T, R, S) of the residual bundle that a training starts from. Throws Error(data) where they have another
// shape.
std::vector<float> start_mean_tokens(const TrainConfig& config);

// (T, R, S) of the joint adapter that a residual adds to, 0 where a cell carries nothing. Throws what
// read_task_adapter() throws.
std::vector<float> joint_tokens(const TrainConfig& config);

// |x - own| / |mean - own| of flat adapters: 0 is the task's own adapter, 1 no better than the mean
// of the training adapters.
double relative_distance(std::span<const float> x, std::span<const double> own,
                         std::span<const double> mean);

class TrainingTargets {
 public:
  // Called after each adapter.
  using OnAdapter = std::function<void(std::size_t done, std::size_t total)>;

  // Reads every adapter once. Tokens are kept up to `max_bytes` of them, else read again when
  // they are asked for. `config` and `tasks` must outlive the object.
  TrainingTargets(const TrainConfig& config, const std::vector<Task>& tasks,
                  std::uint64_t max_bytes, const OnAdapter& on_adapter);

  // Tokens (T, R, S) of one of the task's adapters, 0 where a cell carries nothing. From any thread.
  void read(std::size_t task, std::size_t index, std::span<float> tokens) const;

  // (T, R, S): criterion and module weights; 0 where a cell carries nothing.
  const std::vector<float>& cell_weights() const { return cell_weights_; }
  double cells() const { return cells_; }  // that carry something
  // For each adapted layer: its module weight / mean ||B A||^2 over the adapters.
  const std::vector<double>& update_weights() const { return update_weights_; }
  // Means in which every task counts the same: tokens (0 where nothing is) and flat matrices.
  const std::vector<float>& mean_tokens() const { return mean_tokens_; }
  const std::vector<double>& mean_adapter() const { return mean_adapter_; }
  const adapter::UpdateNorms& norms() const { return norms_; }
  const std::string& sha256() const { return sha256_; }  // of names, prompts and tokens

 private:
  struct Sums;

  void add_adapter(Sums& sums, std::size_t task, const std::filesystem::path& folder);
  void finish_task(Sums& sums);
  void finish(Sums& sums);

  const TrainConfig& config_;
  const std::vector<Task>& tasks_;
  bool keep_ = true;
  std::vector<std::vector<std::vector<float>>> kept_;  // task, adapter
  std::vector<float> cell_weights_;
  double cells_ = 0.0;
  std::vector<double> update_weights_;
  std::vector<float> mean_tokens_;
  std::vector<double> mean_adapter_;
  adapter::UpdateNorms norms_;
  std::string sha256_;
};

}  // namespace dnd::tasks
