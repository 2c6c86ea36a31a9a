// Learning adapters from texts through a base model, across the engine's border (LanguageModel::tune()).
//
// The base is frozen; every learner has an adapter of its own, and those of one job go through the base
// together. Results do not depend on threads, and of one learner, but for the last bits, not on the others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "adapter/lora.h"

namespace dnd {

// How many of a teacher's likeliest tokens are told apart; the others are one more outcome.
inline constexpr std::size_t kTeacherTokens = 20;

// What a teacher thought of one token of an answer.
struct TeacherToken {
  std::vector<std::int32_t>
      best;  // kTeacherTokens, the likeliest first; fewer of a small vocabulary
  std::vector<float>
      logs;  // log-probabilities of these, then of all others together (-inf: nothing left)
};

// One text to learn from. The tokens from `answer` on are what is learned, each from those before it.
struct TuneLesson {
  std::vector<std::int32_t> ids;  // below the vocabulary
  std::size_t answer = 0;         // 1 to ids.size() - 1: the first token of the answer
  std::vector<TeacherToken>
      teacher;  // of each token of the answer; empty: the token alone is right
};

// One adapter and what it learns from.
struct TuneLearner {
  std::string name;            // draws depend on it
  adapter::LoraAdapter start;  // the matrices to begin with
  std::vector<std::vector<TuneLesson>>
      learned;                       // lists that are drawn from equally often; none empty
  std::vector<TuneLesson> left_out;  // judged, never learned; may be empty
};

enum class TuneSchedule { cosine, linear, constant };  // of the learning rate, after the warm-up

// AdamW as PEFT's users run it, each learner by itself.
struct TuneRule {
  std::uint64_t seed = 0;
  std::int64_t steps = 200;
  std::int64_t batch = 8;  // lessons of each learner a step
  double learning_rate = 1e-3;
  TuneSchedule schedule = TuneSchedule::cosine;
  std::int64_t warmup_steps = 10;
  double weight_decay = 0.0;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double max_gradient_norm = 1.0;
  std::int64_t evaluations = 10;  // of what was left out, evenly over the steps; at least 1
  std::int64_t checkpoints = 1;   // along the way, among the evaluations; divides them
  std::int64_t patience = 3;      // evaluations without a better one that end a learner; 0: none do
};

struct TuneJob {
  std::vector<TuneLearner> learners;
  TuneRule rule;
  std::filesystem::path
      state;             // written as it goes, and read with `resume`; empty: nothing is kept
  bool resume = false;   // where the state is there
  std::string identity;  // a JSON object of texts and numbers; resuming needs an equal one
};

// What some lessons come to: means over the lessons.
struct TuneScore {
  double loss = 0.0;   // -log p of the answer's tokens, or the distance from the teacher's
  double right = 0.0;  // share whose every token is the likeliest
};

struct TuneStep {
  std::int64_t step = 0;      // steps done, from 1
  std::int64_t learners = 0;  // that took part
  TuneScore score;            // of their batches
  double learning_rate = 0.0;
  double seconds = 0.0;
};

// Called between steps, on the caller's thread. Empty ones are passed over.
struct TuneObserver {
  std::function<void(std::int64_t done)> on_start;  // steps that the resumed state has
  std::function<void(const TuneStep&)> on_step;
  // Of what a learner's left out lessons come to after so many steps (0: before the first).
  std::function<void(std::size_t learner, std::int64_t step, const TuneScore&)> on_evaluation;
  // An adapter that is better than those before it, or, with nothing left out, the latest. The last of a
  // learner's is its result.
  std::function<void(std::size_t learner, std::int64_t step, const adapter::LoraAdapter&)>
      on_checkpoint;
  std::function<bool()> should_stop;
};

struct TuneOutcome {
  std::int64_t best_step = 0;       // whose adapter is the result
  std::int64_t steps = 0;           // done
  std::optional<TuneScore> before;  // of what was left out, by the adapter to begin with
  std::optional<TuneScore> after;   // and by the result
};

struct TuneResult {
  bool finished = false;  // else stopped; the state is saved either way
  std::vector<TuneOutcome> learners;
};

}  // namespace dnd
