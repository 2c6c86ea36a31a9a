// The base, differentiable in adapters: lessons -> their loss.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "lm/learn/answer_loss.h"
#include "lm/learn/attention.h"
#include "lm/learn/lessons.h"
#include "lm/learn/task_adapter.h"
#include "lm/model_config.h"
#include "lm/weights.h"

namespace dnd::lm::learn {

// The frozen base as lessons go through it. fp32. Each call runs on its thread alone and depends on nothing
// but its arguments, so that threads may work side by side, each on lessons of its own.
class LearningBase {
 public:
  // Both must outlive this.
  LearningBase(const Weights& weights, const ModelConfig& config);

  std::int64_t layers() const { return config_.layers; }
  std::int64_t width() const { return config_.hidden; }  // C
  // How many of Weights::linears() a layer has.
  static constexpr std::int64_t kPlaces = 4;

  // Makes room for texts of that length; not while a call runs.
  void reserve(std::int64_t length);

  // Embedded tokens, (rows, C).
  at::Tensor embed(std::span<const Lesson> lessons) const;

  // Layers [first, end): states (rows, C) below layer `first` -> below layer `end`. `adapters`: by
  // Lesson::task; empty: the base alone. Differentiable in their matrices and in the states. With so many
  // rows that activations would take much memory, they are made again on the way back, layer by layer;
  // until then `layout` must live.
  at::Tensor run_layers(std::int64_t first, std::int64_t end, const at::Tensor& states,
                        const PassLayout& layout,
                        std::span<const TaskAdapter* const> adapters) const;

  // From states above the last layer.
  AnswerLosses losses(const at::Tensor& states, const PassLayout& layout) const;

 private:
  enum class Place : std::int64_t { qkv, out, gate_up, down };

  // Cosines and sines of positions, (positions, F); of a pass's rows, (rows, 1, F).
  struct Tables {
    at::Tensor cosines, sines;
  };
  // What layers need beside their input.
  struct Pass {
    const PassLayout& layout;
    std::vector<const TaskAdapter*>
        adapters;                // of each run of layout.tasks; nullptr: the base alone
    std::vector<Tables> tables;  // as ModelConfig::ropes
  };

  Pass pass_of(const PassLayout& layout, std::span<const TaskAdapter* const> adapters) const;
  HeadsRule heads_rule(std::int64_t index, const Pass& pass) const;
  at::Tensor linear(std::int64_t index, Place place, const at::Tensor& x, const Pass& pass) const;
  at::Tensor run_layer(std::int64_t index, const at::Tensor& x, const Pass& pass) const;
  at::Tensor run_layer_again(std::int64_t index, const at::Tensor& x, const Pass& pass) const;

  const Weights& weights_;
  const ModelConfig& config_;
  std::int64_t length_ = 0;
  std::vector<Tables> tables_;  // as ModelConfig::ropes
};

}  // namespace dnd::lm::learn
