// Loss and gradient of one batch, cut into micro-batches that are independent of each other.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "lm/learn/lessons.h"
#include "nn/decoder_model.h"
#include "ops/workers.h"

namespace dnd::trainer {

// Examples of a batch.
struct Examples {
  at::Tensor condition;  // (B, N, L, C), fp32
  at::Tensor target;     // (B, T, R, S), fp32; undefined where no adapter is copied
  // Questions with answers, as many of each example, one example's behind the other's; Lesson::task is the
  // example. Empty where nothing goes through a base.
  std::vector<lm::learn::Lesson> lessons;
};

// Makes examples begin .. begin + size - 1 of the step's batch; called from several threads.
using ExampleMaker = std::function<Examples(std::int64_t begin, std::int64_t size)>;
// Sum of the losses of examples: output (B, T, R, S) -> scalar.
using Objective = std::function<at::Tensor(const at::Tensor& output, const Examples& examples)>;

struct GradientResult {
  GradientResult& operator+=(GradientResult&& other);  // of the same model; adds in place

  double loss = 0.0;      // sum over the examples
  nn::Tensors gradients;  // of that sum
};

// How a batch is worked on.
struct BatchPlan {
  std::int64_t examples = 0;     // of this process
  std::int64_t micro_batch = 1;  // examples worked on at once
  double scale = 1.0;            // factor of the loss: 1 / examples of the whole batch
  bool bf16 = false;             // LibTorch's autocast
};

// Each micro-batch is one block of `workers`: forward and backward on one thread, with its own leaves.
// Blocks are summed in their order as soon as their turn comes, so a result has the same bytes
// whatever the number of threads, and only a few gradients are in memory at a time. `mean_tokens`
// (T, R, S) is added to the output where defined.
GradientResult batch_gradient(const ops::Workers& workers, const nn::DecoderModel& model,
                              const nn::Tensors& values, const at::Tensor& mean_tokens,
                              const Objective& objective, const ExampleMaker& make_examples,
                              const BatchPlan& plan);

// Tokens (B, T, R, S) without recording anything.
at::Tensor predict(const nn::DecoderModel& model, const nn::Tensors& values,
                   const at::Tensor& mean_tokens, const at::Tensor& condition, bool bf16);

}  // namespace dnd::trainer
