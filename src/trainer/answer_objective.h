// The loss of answers through a base: what generated adapters make of questions, differentiable in their
// tokens (Text-to-LoRA, arXiv 2506.06105, section 3: training through the language model).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "adapter/adapter_layout.h"
#include "dnd/tuner.h"
#include "lm/learn/learning_base.h"
#include "lm/learn/lessons.h"
#include "lm/load_language_model.h"
#include "ops/workers.h"

namespace dnd::trainer {

class AnswerObjective {
 public:
  // `base` must outlive the object. `longest`: lesson, in tokens. Throws Error(data) where the base lacks a
  // module of the layout or has it in another shape, and for its output head, which is not learned here.
  AnswerObjective(lm::ModelParts base, const adapter::AdapterLayout& layout, std::int64_t longest);

  // Tokens (B, T, R, S) of B adapters, Lesson::task one of them -> the sum of the lessons' losses, each the
  // mean of -log p over its answer's tokens. Runs the base forward and back on the calling thread, so that of
  // a recorded call the matrices' gradients alone are kept.
  at::Tensor operator()(const at::Tensor& tokens, std::span<const lm::learn::Lesson> lessons) const;

  // The means over the lessons, of one adapter (T, R, S).
  TuneScore judge(const ops::Workers& workers, const at::Tensor& tokens,
                  std::span<const lm::learn::Lesson> lessons) const;

  // What lies below this layer is no adapter's.
  std::int64_t lowest_layer() const { return lowest_; }
  const lm::learn::LearningBase& base() const { return base_; }

 private:
  std::vector<lm::learn::TaskAdapter> adapters_of(const at::Tensor& tokens) const;

  static constexpr std::size_t kNone = SIZE_MAX;

  lm::learn::LearningBase base_;
  std::vector<adapter::FactorLayout> factors_;
  std::int64_t rank_;
  double scale_;
  // Of each of the base's linears and each part of it: which of the layout's modules adapts it, or kNone.
  std::vector<std::vector<std::size_t>> modules_;
  std::int64_t lowest_ = 0;
};

}  // namespace dnd::trainer
