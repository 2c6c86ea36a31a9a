// Multi-head attention of the text encoders over right-padded sequences.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>

#include "bundle/generator_config.h"
#include "nn/text_encoder.h"
#include "ops/cpu/attention.h"
#include "ops/cpu/packed_linear.h"

namespace dnd::nn {

// The attention of one layer. Without biases `key_value` and `query` are pure matrices.
struct AttentionLayer {
  std::int64_t heads = 0;
  double scale = 1.0;            // of the scores
  at::Tensor bias;               // (heads, L', L') added to the scores, L' >= L; undefined for none
  ops::cpu::PackedLinear query;  // (n, C) -> (n, heads * d)
  ops::cpu::PackedLinear key_value;  // (n, C) -> (n, 2 * heads * d), keys first
};

// What the positions of one chunk attend to in one layer. A masked key weighs exactly zero in the
// released code, so keys and values of padding are not computed. In a chunk without a real token
// every context is zero or the mean of all values, as `empty_chunk` says.
class ChunkAttention {
 public:
  // `x` (L, C): what keys and values come from. The layer must outlive this.
  ChunkAttention(const AttentionLayer& layer, const at::Tensor& x, const Chunk& chunk,
                 bundle::EmptyChunk empty_chunk);

  // Context (n, heads * d) before the output projection of the positions first ... first + n - 1,
  // whose inputs `x` (n, C) holds.
  at::Tensor context(const at::Tensor& x, std::int64_t first) const;

 private:
  const AttentionLayer& layer_;
  std::optional<ops::cpu::AttentionKeys> keys_;
  at::Tensor constant_;  // (heads * d), where all contexts are equal
};

}  // namespace dnd::nn
