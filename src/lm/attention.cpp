#include "lm/attention.h"

#include <ATen/ops/bmm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/softmax.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <vector>

namespace dnd::lm {
namespace {

constexpr std::int64_t kQueryBlock = 128;

// Tokens in their places: keys from `key` on, queries from `query` on.
struct Part {
  std::int64_t key = 0;
  std::int64_t keys = 0;
  std::int64_t query = 0;
  std::int64_t queries = 0;
};

// (queries, keys): 0 where one sees the other, else minus infinity; undefined where each sees all.
at::Tensor make_mask(const Part& part, std::int64_t window) {
  const std::int64_t last = part.query + part.queries - 1;
  if (part.queries == 1 && part.key + part.keys == last + 1 && part.keys <= window) return {};
  at::Tensor mask = at::full({part.queries, part.keys}, -std::numeric_limits<float>::infinity());
  for (std::int64_t i = 0; i < part.queries; ++i) {
    const std::int64_t position = part.query + i;
    const std::int64_t begin = std::max(position - window + 1, part.key) - part.key;
    float* row = mask.mutable_data_ptr<float>() + i * part.keys;
    std::fill(row + begin, row + position - part.key + 1, 0.0F);
  }
  return mask;
}

at::Tensor fused(const at::Tensor& q, const at::Tensor& keys, const at::Tensor& values,
                 const at::Tensor& mask, bool causal, double scale) {
  const auto masked = mask.defined() ? std::optional<at::Tensor>(mask) : std::nullopt;
  return at::scaled_dot_product_attention(q, keys, values, masked, /*dropout_p=*/0.0, causal, scale,
                                          /*enable_gqa=*/q.size(1) != keys.size(1));
}

// The same in steps, with the products capped.
at::Tensor capped(const at::Tensor& q, const at::Tensor& keys, const at::Tensor& values,
                  const at::Tensor& mask, const AttentionRule& rule) {
  const std::int64_t groups = keys.size(1);
  const std::int64_t n = q.size(2);
  const std::int64_t d = q.size(3);
  const std::int64_t shared = q.size(1) / groups;  // heads of a key/value head
  at::Tensor scores = at::bmm(q.reshape({groups, shared * n, d}), keys[0].transpose(1, 2));
  scores.mul_(rule.scale / rule.softcap).tanh_().mul_(rule.softcap);
  if (mask.defined()) scores.view({groups * shared, n, keys.size(2)}).add_(mask);
  return at::bmm(at::softmax(scores, -1), values[0]).view({1, groups * shared, n, d});
}

}  // namespace

at::Tensor attend(const at::Tensor& q, const at::Tensor& keys, const at::Tensor& values,
                  const AttentionRule& rule) {
  const std::int64_t n = q.size(2);
  const std::int64_t total = keys.size(2);
  const bool plain = rule.softcap == 0.0;
  if (plain && n == total && rule.window >= total) {
    return fused(q, keys, values, {}, /*causal=*/n > 1, rule.scale);
  }
  std::vector<at::Tensor> contexts;
  for (std::int64_t begin = 0; begin < n; begin += kQueryBlock) {
    Part part;
    part.queries = std::min(kQueryBlock, n - begin);
    part.query = total - n + begin;
    part.key = std::max<std::int64_t>(part.query - rule.window + 1, 0);
    part.keys = part.query + part.queries - part.key;
    const at::Tensor some = q.narrow(2, begin, part.queries);
    const at::Tensor some_keys = keys.narrow(2, part.key, part.keys);
    const at::Tensor some_values = values.narrow(2, part.key, part.keys);
    const at::Tensor mask = make_mask(part, rule.window);
    contexts.push_back(plain ? fused(some, some_keys, some_values, mask, false, rule.scale)
                             : capped(some, some_keys, some_values, mask, rule));
  }
  return contexts.size() == 1 ? contexts[0] : at::cat(contexts, 2);
}

}  // namespace dnd::lm
