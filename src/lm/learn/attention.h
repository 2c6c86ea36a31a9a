// Attention of whole texts, differentiable. Of a pass it keeps the projections alone: norms, turns and
// probabilities are made again on the way back.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "lm/learn/lessons.h"

namespace dnd::lm::learn {

// How a layer's heads see each other. Undefined tensors: no such step.
struct HeadsRule {
  std::int64_t heads = 0;            // H
  std::int64_t key_value_heads = 0;  // K
  std::int64_t head_size = 0;        // D
  at::Tensor query_norm, key_norm;   // (D)
  double epsilon = 1e-6;             // of these
  at::Tensor cosines, sines;  // of each row's position (n, 1, F): value i turns with value i + F
  double scale = 1.0;         // of products of queries and keys
  double softcap = 0.0;       // c tanh(x / c) of these; 0: none
  std::int64_t window = INT32_MAX;  // tokens that one sees, itself among them
};

// qkv (n, (H + 2 K) D): queries, keys, values -> contexts (n, H D), causal within each text.
at::Tensor attend(const at::Tensor& qkv, const std::vector<RowSpan>& texts, const HeadsRule& rule);

}  // namespace dnd::lm::learn
