#include "lm/transformer.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "ops/cpu/gated_rows.h"

namespace dnd::lm {
namespace {

ops::cpu::Gate gate_of(Activation activation) {
  if (activation == Activation::silu) return ops::cpu::Gate::silu;
  return activation == Activation::gelu_tanh ? ops::cpu::Gate::gelu_tanh : ops::cpu::Gate::gelu;
}

bool is_long(const Rope& rope, std::int64_t length) {
  return !rope.long_frequencies.empty() && length > rope.short_length;
}

std::vector<PassRows> pass_of(std::span<const Step> steps) {
  std::vector<PassRows> pass;
  std::int64_t row = 0;
  for (const Step& step : steps) {
    const auto rows = static_cast<std::int64_t>(step.ids.size());
    pass.push_back({step.sequence, row, rows, rows, nullptr});
    row += rows;
  }
  return pass;
}

// The wanted rows alone.
at::Tensor narrow(std::span<const PassRows> pass, const at::Tensor& x) {
  std::int64_t wanted = 0;
  for (const PassRows& rows : pass) wanted += rows.wanted;
  if (wanted == x.size(0)) return x;
  at::Tensor some = at::empty({wanted, x.size(1)}, at::kFloat);
  auto* to = some.mutable_data_ptr<float>();
  for (const PassRows& rows : pass) {
    const std::int64_t first = rows.first + rows.rows - rows.wanted;
    to = std::copy_n(x.const_data_ptr<float>() + first * x.size(1), rows.wanted * x.size(1), to);
  }
  return some;
}

}  // namespace

Transformer::Transformer(const ops::Workers& workers, const formats::ModelTensors& tensors,
                         ModelConfig config)
    : workers_(workers),
      config_(std::move(config)),
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

bool Transformer::same_ropes(std::int64_t length, std::int64_t other) const {
  return std::all_of(config_.ropes.begin(), config_.ropes.end(), [&](const Rope& rope) {
    return is_long(rope, length) == is_long(rope, other);
  });
}

std::int64_t Transformer::row_bytes() const {
  const ModelConfig& c = config_;
  const std::int64_t qkv = c.query_width() + 2 * c.key_value_width();
  const std::int64_t floats = 3 * c.hidden + qkv + c.query_width() + 2 * c.inner;
  return floats * static_cast<std::int64_t>(sizeof(float));
}

at::Tensor Transformer::embed(std::span<const Step> steps) const {
  std::vector<std::int32_t> ids;
  for (const Step& step : steps) ids.insert(ids.end(), step.ids.begin(), step.ids.end());
  const std::int64_t width = config_.hidden;
  at::Tensor x = at::empty({static_cast<std::int64_t>(ids.size()), width}, at::kFloat);
  auto* to = x.mutable_data_ptr<float>();
  for_rows(workers_, x.size(0), [&](std::int64_t first, std::int64_t count) {
    for (std::int64_t row = first; row < first + count; ++row) {
      weights_.embedding.copy_row(ids[static_cast<std::size_t>(row)], to + row * width);
    }
  });
  return config_.embedding_scale == 1.0 ? x : x.mul_(config_.embedding_scale);
}

at::Tensor Transformer::forward(std::span<const Step> steps) const {
  at::Tensor x = embed(steps);  // (n, C)
  std::vector<PassRows> pass = pass_of(steps);
  for (std::int64_t i = 0; i < config_.layers; ++i) {
    const LayerAttention& attention = config_.attention[static_cast<std::size_t>(i)];
    for (std::size_t k = 0; k < steps.size(); ++k) {
      pass[k].rotary = table(attention, steps[k].reach);
      if (i == config_.layers - 1) pass[k].wanted = steps[k].wanted;
    }
    run_layer(i, pass, x);
  }
  for (const PassRows& rows : pass) rows.sequence->grow(rows.rows);
  return x;
}

const RotaryTable* Transformer::table(const LayerAttention& attention, std::int64_t length) const {
  if (!attention.rope) return nullptr;
  const Rotary& rotary = rotary_[*attention.rope];
  return is_long(config_.ropes[*attention.rope], length) ? &rotary.of_long : &rotary.usual;
}

at::Tensor Transformer::head(const at::Tensor& states) const {
  at::Tensor logits =
      weights_.head(workers_, rms_norm(workers_, states, weights_.norm, config_.epsilon));
  const auto cap = static_cast<float>(config_.logit_softcap);
  if (cap == 0.0F) return logits;
  auto* values = logits.mutable_data_ptr<float>();
  const std::int64_t width = logits.size(1);
  for_rows(workers_, logits.size(0), [&](std::int64_t first, std::int64_t count) {
    std::for_each(values + first * width, values + (first + count) * width,
                  [cap](float& value) { value = cap * std::tanh(value / cap); });
  });
  return logits;
}

// Rows that are not wanted end here; the caches get the keys and values of all.
void Transformer::run_layer(std::int64_t index, std::span<const PassRows> pass,
                            at::Tensor& x) const {
  const LayerWeights& layer = weights_.layers[static_cast<std::size_t>(index)];
  const at::Tensor qkv =
      layer.qkv(workers_, rms_norm(workers_, x, layer.attention_norm, config_.epsilon));
  place_rows(workers_, config_, layer, index, pass, qkv);
  x = narrow(pass, x);
  if (x.size(0) == 0) return;
  const at::Tensor context = attend(workers_, config_, index, pass, qkv);
  add_output(layer.out, context, layer.attention_out_norm, x);
  add_output(layer.down, inner(layer, x), layer.mlp_out_norm, x);
}

// The inner values of the feed-forward part.
at::Tensor Transformer::inner(const LayerWeights& layer, const at::Tensor& x) const {
  const at::Tensor gate_up =
      layer.gate_up(workers_, rms_norm(workers_, x, layer.mlp_norm, config_.epsilon));
  auto* values = gate_up.mutable_data_ptr<float>();
  const std::int64_t width = gate_up.size(1);
  for_rows(workers_, gate_up.size(0), [&](std::int64_t first, std::int64_t count) {
    ops::cpu::gate_rows(gate_of(config_.activation), values + first * width, count, config_.inner,
                        width);
  });
  return gate_up.narrow(1, 0, config_.inner);
}

// `norm` may be undefined.
void Transformer::add_output(const Linear& linear, const at::Tensor& input, const at::Tensor& norm,
                             at::Tensor& x) const {
  if (norm.defined()) {
    x.add_(rms_norm(workers_, linear(workers_, input), norm, config_.epsilon));
  } else {
    linear.add_to(workers_, x, input);
  }
}

}  // namespace dnd::lm
