#include "nn/attention.h"

#include <ATen/ops/empty_like.h>

namespace dnd::nn {

ChunkAttention::ChunkAttention(const AttentionLayer& layer, const at::Tensor& x, const Chunk& chunk,
                               bundle::EmptyChunk empty_chunk)
    : layer_(layer) {
  if (chunk.real == 0) {
    // One row is enough for the width of a context of zeros.
    const bool zero = empty_chunk == bundle::EmptyChunk::zero;
    const at::Tensor values = layer.key_value(zero ? x.narrow(0, 0, 1) : x).chunk(2, 1)[1];
    constant_ = zero ? values.select(0, 0).zero_() : values.mean(0);
    return;
  }
  const at::Tensor rows = layer.key_value(x.narrow(0, 0, chunk.real));
  const std::int64_t width = rows.size(1) / 2;
  keys_.emplace(ops::cpu::AttentionShape{layer.heads, width / layer.heads, chunk.real},
                rows.const_data_ptr<float>(), rows.stride(0));
}

at::Tensor ChunkAttention::context(const at::Tensor& x, std::int64_t first) const {
  if (!keys_) return constant_.expand({x.size(0), constant_.size(0)}).contiguous();
  const at::Tensor queries = layer_.query(x);
  ops::cpu::AttentionQueries input{queries.const_data_ptr<float>(), queries.size(0),
                                   static_cast<float>(layer_.scale)};
  if (layer_.bias.defined()) {
    input.bias_head = layer_.bias.stride(0);
    input.bias_row = layer_.bias.stride(1);
    input.bias = layer_.bias.const_data_ptr<float>() + first * input.bias_row;
  }
  at::Tensor context = at::empty_like(queries);
  ops::cpu::attend(*keys_, input, context.mutable_data_ptr<float>());
  return context;
}

}  // namespace dnd::nn
