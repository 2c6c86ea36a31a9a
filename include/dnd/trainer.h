// Training across the engine's border: what the program hands over and what it hears meanwhile.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "dnd/tuner.h"

namespace dnd::tasks {
struct TrainConfig;
}

namespace dnd {

struct HostTensor;
class LanguageModel;

// What there is to draw from, of one task.
struct TrainTask {
  std::vector<std::int64_t> prompts;  // rows of TrainJob::conditions
  std::size_t adapters = 0;           // where these are copied
  // Where answers are learned: each question with its answer, as the base is asked its prompt, and its bare
  // input. Empty where it is never asked so, else as many.
  std::vector<TuneLesson> asked = {};
  std::vector<TuneLesson> bare = {};
};

struct TrainJob {
  const tasks::TrainConfig* config = nullptr;
  std::filesystem::path start;  // the decoder.safetensors to start from
  std::filesystem::path state;  // state.safetensors: written, and read with `resume`
  bool resume = false;
  std::string identity;  // a JSON object of texts and numbers; resuming needs an equal one
  std::span<const float> conditions;      // (P, L, C): every distinct prompt
  std::filesystem::path conditions_file;  // where they are, for messages
  std::vector<TrainTask> tasks;
  // Tokens (T, R, S) of an adapter, 0 where a cell carries nothing. Called from several threads.
  std::function<void(std::size_t task, std::size_t adapter, std::span<float> tokens)> target;
  std::vector<float> cell_weights;     // (T, R, S), of the loss on tokens
  double cells = 0.0;                  // that carry something
  std::vector<double> update_weights;  // of the loss on updates: one for each adapted layer
  std::vector<float> mean_tokens;      // (T, R, S) of a residual generator, else empty
  // What answers are learned through: a model of the same engine, which outlives the call; nullptr: nothing.
  LanguageModel* base = nullptr;
  std::size_t longest = 0;             // lesson in tokens, those that are judged among them
  std::filesystem::path lower_states;  // file of what lies below the adapters, made and removed
};

struct StepMetrics {
  std::int64_t step = 0;  // steps done, from 1
  double loss = 0.0;
  double gradient_norm = 0.0;  // before clipping
  double learning_rate = 0.0;
  double seconds = 0.0;
};

// With the current weights, for the prompts in these rows of the conditions.
struct Evaluator {
  // Weight tokens (T, R, S).
  std::function<HostTensor(const std::vector<std::int64_t>& rows)> generate;
  // What lessons come to under the adapter of such tokens. Empty without a base.
  std::function<TuneScore(const HostTensor& tokens, const std::vector<TuneLesson>& lessons)> judge;
};

// Called by train() between steps, on its thread. Empty ones are passed over.
struct TrainObserver {
  std::function<void(std::int64_t done)> on_start;  // steps that the resumed state has
  std::function<void(const StepMetrics&)> on_step;
  std::function<void(std::int64_t step, const Evaluator&)> on_evaluate;
  std::function<bool()> should_stop;
};

struct TrainResult {
  std::int64_t steps = 0;  // done, those before a resumption included
  bool finished = false;   // else stopped; the state is saved either way
};

}  // namespace dnd
