// What the answers of some lessons cost: of each token -log p(token | those before it), or, with a teacher,
// how far its distribution is from the teacher's (Kullback-Leibler of teacher to student, temperature 1).
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "lm/learn/lessons.h"
#include "lm/stored_weight.h"

namespace dnd::lm::learn {

struct AnswerLosses {
  at::Tensor sum;              // over the lessons, differentiable in the states; fp32 scalar
  std::vector<double> losses;  // of each lesson: the mean over its answer's tokens
  std::vector<bool> right;     // of each lesson: every token of its answer is the likeliest
};

// states (n, C): of layout.predicting, behind the last norm. `softcap`: c tanh(x / c) of the logits; 0: none.
// Of a few rows at a time the logits are in memory, once: their gradient is made beside them.
AnswerLosses answer_losses(const at::Tensor& states, const StoredWeight& head,
                           const PassLayout& layout, double softcap);

}  // namespace dnd::lm::learn
