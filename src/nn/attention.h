// Multi-head attention of the text encoders over right-padded sequences.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <optional>

#include "bundle/generator_config.h"
#include "nn/text_encoder.h"

namespace dnd::nn {

struct AttentionInput {
  at::Tensor x;  // (L, C) queries, keys and values come from it
  std::int64_t heads = 0;
  double scale = 1.0;  // of the scores
  at::Tensor bias;     // (heads, L, L) added to the scores; undefined for none
  using Linear = std::function<at::Tensor(const at::Tensor&)>;  // (n, C) -> (n, heads * d)
  Linear query, key, value;
};

// Context (L, heads * d) before the output projection. A masked key weighs exactly zero in the
// released code, so keys and values of padding are not computed. In a chunk without a real token
// the context is zero or the mean of all values, as `empty_chunk` says.
at::Tensor attention_context(const AttentionInput& input, const Chunk& chunk,
                             bundle::EmptyChunk empty_chunk);

}  // namespace dnd::nn
