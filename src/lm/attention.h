// Attention of new tokens to those before them and to themselves.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace dnd::lm {

struct AttentionRule {
  double scale = 1.0;               // of products of queries and keys
  double softcap = 0.0;             // c tanh(x / c) of these; 0: none
  std::int64_t window = INT32_MAX;  // tokens that one sees, itself among them
};

// q (1, H, n, D): the last n of T tokens; keys, values (1, K, T, D), K divides H -> (1, H, n, D). fp32. The memory
// beside that grows with n + T, not with their product.
at::Tensor attend(const at::Tensor& q, const at::Tensor& keys, const at::Tensor& values,
                  const AttentionRule& rule);

}  // namespace dnd::lm
