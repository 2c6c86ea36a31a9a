#include "lm/transformer.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/silu.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "base/strings.h"

namespace dnd::lm {
namespace {

constexpr const char* kEmbedding = "model.embed_tokens.weight";
constexpr const char* kHead = "lm_head";
constexpr const char* kNorm = "model.norm.weight";
constexpr const char* kAttentionNorm = "input_layernorm.weight";
constexpr const char* kMlpNorm = "post_attention_layernorm.weight";
constexpr const char* kQueryNorm = "self_attn.q_norm.weight";
constexpr const char* kKeyNorm = "self_attn.k_norm.weight";

std::string block(std::int64_t index) { return cat("model.layers.", index, "."); }

// What a checkpoint may hold beside what is computed with: a table that follows from the config, and a
// copy of the embedding.
bool is_redundant(const std::string& name, bool tied) {
  return name.ends_with(".rotary_emb.inv_freq") || (tied && name == cat(kHead, ".weight"));
}

}  // namespace

Transformer::Transformer(const ops::Workers& workers, const formats::ModelTensors& tensors,
                         ModelConfig config)
    : config_(std::move(config)) {
  embedding_ = read_tensor(tensors, kEmbedding, {config_.vocabulary, config_.hidden});
  norm_ = read_tensor(tensors, kNorm, {config_.hidden});
  head_ = config_.tied ? Linear(kHead, embedding_)
                       : Linear(tensors, {{kHead, config_.vocabulary}}, config_.hidden);
  layers_.resize(static_cast<std::size_t>(config_.layers));
  workers.run(config_.layers, [&](std::int64_t i) {
    layers_[static_cast<std::size_t>(i)] = load_layer(tensors, i);
  });
  account(tensors);
}

Transformer::Layer Transformer::load_layer(const formats::ModelTensors& tensors,
                                           std::int64_t index) const {
  const ModelConfig& c = config_;
  const std::string p = block(index);
  Layer layer;
  layer.attention_norm = read_tensor(tensors, p + kAttentionNorm, {c.hidden});
  layer.mlp_norm = read_tensor(tensors, p + kMlpNorm, {c.hidden});
  if (c.head_norms) {
    layer.query_norm = read_tensor(tensors, p + kQueryNorm, {c.head_size});
    layer.key_norm = read_tensor(tensors, p + kKeyNorm, {c.head_size});
  }
  const auto attention = [&](const char* name, std::int64_t out, bool bias) {
    return LinearPart{p + "self_attn." + name, out, bias};
  };
  const auto mlp = [&](const char* name, std::int64_t out) {
    return LinearPart{p + "mlp." + name, out, c.mlp_bias};
  };
  layer.qkv = Linear(tensors,
                     {attention("q_proj", c.query_width(), c.qkv_bias),
                      attention("k_proj", c.key_value_width(), c.qkv_bias),
                      attention("v_proj", c.key_value_width(), c.qkv_bias)},
                     c.hidden);
  layer.out = Linear(tensors, {attention("o_proj", c.hidden, c.out_bias)}, c.query_width());
  layer.gate_up = Linear(tensors, {mlp("gate_proj", c.inner), mlp("up_proj", c.inner)}, c.hidden);
  layer.down = Linear(tensors, {mlp("down_proj", c.hidden)}, c.inner);
  return layer;
}

// Counts parameters. A tensor that is passed over would be a model that runs and is another one.
void Transformer::account(const formats::ModelTensors& tensors) {
  std::set<std::string> used = {kEmbedding, kNorm};
  for (Linear* linear : linears()) {
    for (const LinearPart& part : linear->parts()) {
      used.insert(part.module + ".weight");
      if (part.bias) used.insert(part.module + ".bias");
    }
  }
  for (std::int64_t i = 0; i < config_.layers; ++i) {
    for (const char* norm : {kAttentionNorm, kMlpNorm}) used.insert(block(i) + norm);
    if (!config_.head_norms) continue;
    for (const char* norm : {kQueryNorm, kKeyNorm}) used.insert(block(i) + norm);
  }
  if (config_.tied) used.erase(cat(kHead, ".weight"));
  for (const std::string& name : tensors.names()) {
    if (used.count(name) > 0) {
      parameters_ += tensors.elements(name);
    } else if (!is_redundant(name, config_.tied)) {
      fail(ErrorKind::data, "base model: tensor '", printable(name), "' is not part of a ",
           config_.architecture, " of this config (weights of another model?)");
    }
  }
}

void Transformer::reserve(std::int64_t length) {
  if (length > rotary_.length()) rotary_ = RotaryTable(config_.frequencies, length);
}

Sequence Transformer::begin(std::int64_t capacity) const {
  return {0, at::empty({config_.layers, 2, config_.key_value_heads, capacity, config_.head_size},
                       at::kFloat)};
}

at::Tensor Transformer::embed(std::span<const std::int32_t> ids) const {
  const std::int64_t width = config_.hidden;
  at::Tensor x = at::empty({static_cast<std::int64_t>(ids.size()), width}, at::kFloat);
  float* target = x.mutable_data_ptr<float>();
  for (const std::int32_t id : ids) {
    target = std::copy_n(embedding_.const_data_ptr<float>() + id * width, width, target);
  }
  return x;
}

at::Tensor Transformer::forward(std::span<const std::int32_t> ids, Sequence& sequence,
                                States states) const {
  at::Tensor x = embed(ids);  // (n, C)
  for (std::int64_t i = 0; i < config_.layers; ++i) {
    const bool narrow = states == States::last && i == config_.layers - 1;
    run_layer(layers_[static_cast<std::size_t>(i)], sequence.cache.select(0, i), sequence.length,
              narrow, x);
  }
  sequence.length += static_cast<std::int64_t>(ids.size());
  return x;
}

at::Tensor Transformer::head(const at::Tensor& states) const {
  return head_(rms_norm(states, norm_, config_.epsilon));
}

// `narrow`: only the last state goes on; the cache gets the keys and values of all.
void Transformer::run_layer(const Layer& layer, const at::Tensor& cache, std::int64_t past,
                            bool narrow, at::Tensor& x) const {
  const at::Tensor qkv = layer.qkv(rms_norm(x, layer.attention_norm, config_.epsilon));
  const at::Tensor context = attention(layer, qkv, cache, past, narrow);
  if (narrow) x = x.narrow(0, x.size(0) - 1, 1);
  layer.out.add_to(x, context);
  const at::Tensor gate_up = layer.gate_up(rms_norm(x, layer.mlp_norm, config_.epsilon));
  at::Tensor inner = at::silu(gate_up.narrow(1, 0, config_.inner));
  inner.mul_(gate_up.narrow(1, config_.inner, config_.inner));
  layer.down.add_to(x, inner);
}

// qkv (n, (H + 2 K) D) -> context (n or 1, H D).
at::Tensor Transformer::attention(const Layer& layer, const at::Tensor& qkv,
                                  const at::Tensor& cache, std::int64_t past, bool narrow) const {
  const ModelConfig& c = config_;
  const std::int64_t n = qkv.size(0);
  const std::int64_t first = narrow ? n - 1 : 0;
  at::Tensor q = at::empty({1, c.heads, n - first, c.head_size}, at::kFloat);
  for (std::int64_t i = 0; i < n; ++i) {
    // (heads, D): queries, keys, values
    float* row = qkv.mutable_data_ptr<float>() + i * qkv.size(1);
    place_row(layer, row, past + i, cache);
    if (i < first) continue;
    for (std::int64_t h = 0; h < c.heads; ++h) {
      std::copy_n(row + h * c.head_size, c.head_size,
                  q.mutable_data_ptr<float>() + (h * (n - first) + i - first) * c.head_size);
    }
  }
  const at::Tensor seen = cache.narrow(2, 0, past + n).unsqueeze(1);  // (2, 1, K, T, D)
  const double scale = 1.0 / std::sqrt(static_cast<double>(c.head_size));
  const at::Tensor context = at::scaled_dot_product_attention(
      q, seen.select(0, 0), seen.select(0, 1), {}, /*dropout_p=*/0.0,
      /*is_causal=*/n - first > 1, scale, /*enable_gqa=*/c.heads != c.key_value_heads);
  return context.transpose(1, 2).reshape({n - first, c.query_width()});
}

// Normalises and turns the heads of a token and stores its keys and values; `row`:
// (H + 2 K, D) queries, keys, values; `cache`: (2, K, capacity, D).
void Transformer::place_row(const Layer& layer, float* row, std::int64_t position,
                            const at::Tensor& cache) const {
  const ModelConfig& c = config_;
  const std::int64_t d = c.head_size;
  float* keys = row + c.query_width();
  if (layer.query_norm.defined()) {
    rms_norm_rows(row, c.heads, layer.query_norm, c.epsilon);
    rms_norm_rows(keys, c.key_value_heads, layer.key_norm, c.epsilon);
  }
  for (std::int64_t h = 0; h < c.heads + c.key_value_heads; ++h)
    rotary_.turn(row + h * d, position);
  const std::int64_t capacity = cache.size(2);
  float* target = cache.mutable_data_ptr<float>() + position * d;
  for (std::int64_t h = 0; h < 2 * c.key_value_heads; ++h) {
    std::copy_n(keys + h * d, d, target + h * capacity * d);
  }
}

std::vector<Linear*> Transformer::linears() {
  std::vector<Linear*> all;
  for (Layer& layer : layers_) {
    for (Linear* linear : {&layer.qkv, &layer.out, &layer.gate_up, &layer.down}) {
      all.push_back(linear);
    }
  }
  all.push_back(&head_);
  return all;
}

}  // namespace dnd::lm
