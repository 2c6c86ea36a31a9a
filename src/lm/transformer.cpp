#include "lm/transformer.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/silu.h>

#include <algorithm>
#include <utility>

#include "lm/attention.h"

namespace dnd::lm {
namespace {

at::Tensor activate(const at::Tensor& x, Activation activation) {
  if (activation == Activation::silu) return at::silu(x);
  return at::gelu(x, activation == Activation::gelu_tanh ? "tanh" : "none");
}

bool is_long(const Rope& rope, std::int64_t length) {
  return !rope.long_frequencies.empty() && length > rope.short_length;
}

}  // namespace

Transformer::Transformer(const ops::Workers& workers, const formats::ModelTensors& tensors,
                         ModelConfig config)
    : config_(std::move(config)),
      weights_(read_weights(workers, tensors, config_)),
      rotary_(config_.ropes.size()) {}

void Transformer::reserve(std::int64_t length) {
  for (std::size_t i = 0; i < rotary_.size(); ++i) {
    const Rope& rope = config_.ropes[i];
    const bool two = is_long(rope, length);
    const std::int64_t usual = two ? rope.short_length : length;
    if (usual > rotary_[i].usual.length()) {
      rotary_[i].usual = RotaryTable(rope.frequencies, rope.scale, usual);
    }
    if (two && length > rotary_[i].of_long.length()) {
      rotary_[i].of_long = RotaryTable(rope.long_frequencies, rope.scale, length);
    }
  }
}

Sequence Transformer::begin(std::int64_t capacity) const {
  return {{},
          at::empty({config_.layers, 2, config_.key_value_heads, capacity, config_.head_size},
                    at::kFloat)};
}

at::Tensor Transformer::embed(std::span<const std::int32_t> ids) const {
  const std::int64_t width = config_.hidden;
  at::Tensor x = at::empty({static_cast<std::int64_t>(ids.size()), width}, at::kFloat);
  float* target = x.mutable_data_ptr<float>();
  for (const std::int32_t id : ids) {
    target = std::copy_n(weights_.embedding.const_data_ptr<float>() + id * width, width, target);
  }
  return config_.embedding_scale == 1.0 ? x : x.mul_(config_.embedding_scale);
}

bool Transformer::changes_ropes(std::int64_t length, std::int64_t more) const {
  return length > 0 &&
         std::any_of(config_.ropes.begin(), config_.ropes.end(), [&](const Rope& rope) {
           return is_long(rope, length) != is_long(rope, length + more);
         });
}

at::Tensor Transformer::forward(std::span<const std::int32_t> ids, Sequence& sequence,
                                States states) const {
  const auto more = static_cast<std::int64_t>(ids.size());
  if (!changes_ropes(sequence.length(), more)) return compute(ids, sequence, states);
  std::vector<std::int32_t> whole = std::move(sequence.ids);
  whole.insert(whole.end(), ids.begin(), ids.end());
  sequence.ids.clear();
  const at::Tensor x = compute(whole, sequence, states);
  return states == States::last ? x : x.narrow(0, x.size(0) - more, more);
}

at::Tensor Transformer::compute(std::span<const std::int32_t> ids, Sequence& sequence,
                                States states) const {
  at::Tensor x = embed(ids);  // (n, C)
  const std::int64_t past = sequence.length();
  sequence.ids.insert(sequence.ids.end(), ids.begin(), ids.end());
  for (std::int64_t i = 0; i < config_.layers; ++i) {
    const auto index = static_cast<std::size_t>(i);
    const LayerAttention& attention = config_.attention[index];
    const bool narrow = states == States::last && i == config_.layers - 1;
    run_layer({weights_.layers[index], attention, table(attention, sequence.length()),
               sequence.cache.select(0, i), past, narrow},
              x);
  }
  return x;
}

const RotaryTable* Transformer::table(const LayerAttention& attention, std::int64_t length) const {
  if (!attention.rope) return nullptr;
  const Rotary& rotary = rotary_[*attention.rope];
  return is_long(config_.ropes[*attention.rope], length) ? &rotary.of_long : &rotary.usual;
}

at::Tensor Transformer::head(const at::Tensor& states) const {
  at::Tensor logits = weights_.head(rms_norm(states, weights_.norm, config_.epsilon));
  if (config_.logit_softcap == 0.0) return logits;
  return logits.div_(config_.logit_softcap).tanh_().mul_(config_.logit_softcap);
}

void Transformer::run_layer(const Pass& pass, at::Tensor& x) const {
  const LayerWeights& layer = pass.layer;
  const at::Tensor qkv = layer.qkv(rms_norm(x, layer.attention_norm, config_.epsilon));
  const at::Tensor context = attention(pass, qkv);
  if (pass.narrow) x = x.narrow(0, x.size(0) - 1, 1);
  add_output(layer.out, context, layer.attention_out_norm, x);
  add_output(layer.down, inner(layer, x), layer.mlp_out_norm, x);
}

// The inner values of the feed-forward part.
at::Tensor Transformer::inner(const LayerWeights& layer, const at::Tensor& x) const {
  const at::Tensor gate_up = layer.gate_up(rms_norm(x, layer.mlp_norm, config_.epsilon));
  at::Tensor inner = activate(gate_up.narrow(1, 0, config_.inner), config_.activation);
  return inner.mul_(gate_up.narrow(1, config_.inner, config_.inner));
}

// `norm` may be undefined.
void Transformer::add_output(const Linear& linear, const at::Tensor& input, const at::Tensor& norm,
                             at::Tensor& x) const {
  if (norm.defined()) {
    x.add_(rms_norm(linear(input), norm, config_.epsilon));
  } else {
    linear.add_to(x, input);
  }
}

// qkv (n, (H + 2 K) D) -> context (n or 1, H D).
at::Tensor Transformer::attention(const Pass& pass, const at::Tensor& qkv) const {
  const ModelConfig& c = config_;
  const std::int64_t n = qkv.size(0);
  const std::int64_t first = pass.narrow ? n - 1 : 0;
  at::Tensor q = at::empty({1, c.heads, n - first, c.head_size}, at::kFloat);
  for (std::int64_t i = 0; i < n; ++i) {
    // (heads, D): queries, keys, values
    float* row = qkv.mutable_data_ptr<float>() + i * qkv.size(1);
    place_row(pass, row, pass.past + i);
    if (i < first) continue;
    for (std::int64_t h = 0; h < c.heads; ++h) {
      std::copy_n(row + h * c.head_size, c.head_size,
                  q.mutable_data_ptr<float>() + (h * (n - first) + i - first) * c.head_size);
    }
  }
  const at::Tensor seen = pass.cache.narrow(2, 0, pass.past + n).unsqueeze(1);  // (2, 1, K, T, D)
  const at::Tensor context =
      attend(q, seen.select(0, 0), seen.select(0, 1),
             {c.attention_scale, c.attention_softcap, pass.attention.window});
  return context.transpose(1, 2).reshape({n - first, c.query_width()});
}

// Normalises and turns the heads of a token and stores its keys and values; `row`:
// (H + 2 K, D) queries, keys, values.
void Transformer::place_row(const Pass& pass, float* row, std::int64_t position) const {
  const ModelConfig& c = config_;
  const std::int64_t d = c.head_size;
  float* keys = row + c.query_width();
  if (c.head_norms) {
    rms_norm_rows(row, c.heads, pass.layer.query_norm, c.epsilon);
    rms_norm_rows(keys, c.key_value_heads, pass.layer.key_norm, c.epsilon);
  }
  if (pass.rotary != nullptr) {
    for (std::int64_t h = 0; h < c.heads + c.key_value_heads; ++h) {
      pass.rotary->turn(row + h * d, position);
    }
  }
  const std::int64_t capacity = pass.cache.size(2);
  float* target = pass.cache.mutable_data_ptr<float>() + position * d;
  for (std::int64_t h = 0; h < 2 * c.key_value_heads; ++h) {
    std::copy_n(keys + h * d, d, target + h * capacity * d);
  }
}

}  // namespace dnd::lm
