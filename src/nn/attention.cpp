#include "nn/attention.h"

#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/zeros_like.h>

namespace dnd::nn {
namespace {

// (n, heads * d) -> (1, heads, n, d)
at::Tensor split_heads(const at::Tensor& x, std::int64_t heads) {
  return x.view({1, x.size(0), heads, -1}).transpose(1, 2);
}

at::Tensor empty_context(const AttentionInput& input, bundle::EmptyChunk empty_chunk) {
  const at::Tensor values = input.value(input.x);
  if (empty_chunk == bundle::EmptyChunk::zero) return at::zeros_like(values);
  return values.mean(0, /*keepdim=*/true).expand_as(values);
}

}  // namespace

at::Tensor attention_context(const AttentionInput& input, const Chunk& chunk,
                             bundle::EmptyChunk empty_chunk) {
  if (chunk.real == 0) return empty_context(input, empty_chunk);
  const at::Tensor real = input.x.narrow(0, 0, chunk.real);
  const at::Tensor q = split_heads(input.query(input.x), input.heads);
  const at::Tensor k = split_heads(input.key(real), input.heads);
  const at::Tensor v = split_heads(input.value(real), input.heads);
  std::optional<at::Tensor> bias;  // (1, heads, L, real)
  if (input.bias.defined()) {
    bias = input.bias.narrow(1, 0, chunk.length()).narrow(2, 0, chunk.real).unsqueeze(0);
  }
  const at::Tensor context = at::scaled_dot_product_attention(
      q, k, v, bias, /*dropout_p=*/0.0, /*is_causal=*/false, input.scale);  // (1, heads, L, d)
  return context.transpose(1, 2).reshape({chunk.length(), -1});
}

}  // namespace dnd::nn
