// What `dnd train` is asked to do: a JSON file, strictly read, in which comments may stand (docs/training.md;
// tasks/train_template.h writes one with every key).
//
//   format, version   "dnd-train", 1
//   name, license     of the generator made; license may be left out
//   tasks             tasks.json (tasks/task_set.h)
//   generator         {"start": BUNDLE}, or a new one:
//     layout          dnd-layout file of the target
//     features        [[N, H, W], ...] from the condition to the weight tokens; "auto": proposed, with at
//                     most "parameters" (100e6), from "prompts" (128) of "tokens" (384) of "width" (384)
//     kernel          odd                                                          default 3
//     encoder         name of the text encoder                    default all-MiniLM-L6-v2
//     encoder_kind    "transformer" or "glove"                           default transformer
//     max_length      tokens per prompt, where a projection shortens them      default H of the first
//     empty_chunk     "zero" or "uniform"                                       default zero
//     weights_dtype   "f32" or "f16", of the bundle made; also beside "start"     default f32
//   seed              of the first weights, all draws and all noise                 default 0
//   steps             default 5000
//   batch             pairs of (prompts, adapter) a step                          default 128
//   micro_batch       pairs worked on at once by one thread; the result depends on it in the last
//                     bits, on the number of threads not at all           default by the shapes
//   learning_rate     default 3e-5          warmup_steps    default 1, then half a cosine to 0
//   weight_decay      default 0.1           betas           default [0.9, 0.999]
//   epsilon           default 1e-8          max_gradient_norm  default 1.0
//   noise             {"condition": 1e-4, "target": 1e-5}: standard deviations; these by default
//   criterion_weights whether tokens are weighted by the spread of the adapters       default true
//   objective         "released": copy the adapters; "answers": learn from answers through the base;
//                     or {"released": w, "answers": w}: both, with these factors           default released
// Of the objective "answers":
//   base              folder, GGUF or name in the hub's cache
//   ask               {"prompt": w, "bare": w}: shares of the texts that the base is asked   default prompt
//   questions         of each pair's task a step                                     default 4
//   states_gigabytes  on the disk at most, of what lies below the adapters             default 16
//   save_every        steps between saved states                                  default 100
//   log_every         steps between lines of metrics.jsonl                          default 1
//   evaluate_every    steps between evaluations of the held-out tasks; 0: never       default 0
// Beyond the release, all off by default:
//   residual          learn the difference to the mean tokens of the training adapters
//   joint             an adapter, or a folder with one: learn the difference to its tokens, in the place of
//                     their mean
//   targets           "as_is" or "canonical": every B A in its SVD form (free of the gauge of A, B)
//   loss              "tokens" or "update": on B A instead of the tokens
//   module_weights    {"self_attn.q_proj": 2.0, ...}: factors of the loss; 1 where not named
//
// Paths are relative to the config's folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "base/json.h"
#include "bundle/generator_config.h"

namespace dnd::tasks {

enum class TargetForm { as_is, canonical };
enum class LossKind { tokens, update };

// How a base is asked, and how much of it is learned from.
struct AnswerRule {
  double weight = 0.0;         // of the loss; 0: nothing goes through a base
  std::filesystem::path base;  // as given
  double bare = 0.0;  // share of questions that are asked without their instruction, 0 to 1
  std::int64_t questions = 4;
  std::uint64_t state_bytes = 16'000'000'000;
};

struct TrainConfig {
  std::string name;
  std::string license;
  std::filesystem::path tasks;
  std::filesystem::path start;        // a bundle; empty: random weights
  bundle::GeneratorConfig generator;  // of the bundle to be made; `start`'s, where one is given
  std::uint64_t seed = 0;
  std::int64_t steps = 5000;
  std::int64_t batch = 128;
  std::int64_t micro_batch = 0;  // never 0 after reading
  double learning_rate = 3e-5;
  std::int64_t warmup_steps = 1;
  double weight_decay = 0.1;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double max_gradient_norm = 1.0;
  double condition_noise = 1e-4;
  double target_noise = 1e-5;
  bool criterion_weights = true;
  double released = 1.0;  // weight of the loss on the adapters; 0: none is copied
  AnswerRule answers;
  bool residual = false;
  std::filesystem::path
      joint;  // of a residual; empty: the mean of the training adapters, or the start's
  TargetForm targets = TargetForm::as_is;
  LossKind loss = LossKind::tokens;
  std::map<std::string, double> module_weights;
  std::int64_t save_every = 100;
  std::int64_t log_every = 1;
  std::int64_t evaluate_every = 0;

  // Whether the tasks' adapters are read: to be copied, or for their mean.
  bool uses_adapters() const {
    return released > 0.0 || (residual && start.empty() && joint.empty());
  }
};

// Throws Error(no_input) or Error(data) naming the key: unknown ones, values out of range, features
// that do not fit the layout, modules that it does not have, a start without what is asked for.
TrainConfig read_train_config(const std::filesystem::path& path);

// All that decides the trained numbers, without paths and without how often something is saved or
// shown: what must be equal where training goes on.
Json train_identity(const TrainConfig& config);

// Examples that one thread should work on at once.
std::int64_t default_micro_batch(const bundle::GeneratorConfig& generator, std::int64_t batch);

}  // namespace dnd::tasks
