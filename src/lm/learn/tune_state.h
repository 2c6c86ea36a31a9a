// Where learning stands, and the file that it goes on from: STATE.safetensors has of learner i the matrices
// "i/j", AdamW's moments "i/j.exp_avg" and "i/j.exp_avg_sq" and the best matrices so far "i/j.best"; its
// metadata what the rest is.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "dnd/tuner.h"
#include "ops/adamw.h"

namespace dnd::lm::learn {

struct LearnerState {
  ops::AdamWState optimizer;
  std::optional<TuneScore> before;  // of what was left out
  std::vector<at::Tensor> best;     // the matrices of best_step; empty before the first evaluation
  std::int64_t best_step = 0;
  std::optional<TuneScore> best_score;
  std::int64_t misses = 0;     // evaluations since
  std::int64_t told_step = 0;  // of the latest checkpoint; 0: none
  bool done = false;
};

struct TuneState {
  std::int64_t step = 0;  // done
  std::vector<LearnerState> learners;
};

// Replaces the file in one step. Throws Error(io), Error(cannot_create).
void save_tune_state(const TuneState& state, const std::string& identity,
                     const std::filesystem::path& path);

// Into a state whose optimizers have their values' shapes. Throws Error(no_input), or Error(data) where the
// file is not what save_tune_state() writes of so many learners with such matrices, or was saved under
// another identity.
void load_tune_state(TuneState& state, const std::string& identity,
                     const std::filesystem::path& path);

}  // namespace dnd::lm::learn
