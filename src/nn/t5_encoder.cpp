#include "nn/t5_encoder.h"

#include <ATen/ops/embedding.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/rsqrt.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <optional>

#include "base/strings.h"
#include "nn/attention.h"
#include "nn/weight_store.h"

namespace dnd::nn {
namespace {

struct T5Config {
  std::int64_t width = 0;         // d_model
  std::int64_t head_size = 0;     // d_kv
  std::int64_t feed_forward = 0;  // d_ff
  std::int64_t heads = 0;
  std::int64_t layers = 0;
  std::int64_t vocabulary = 0;
  std::int64_t buckets = 0;
  std::int64_t max_distance = 0;
  double epsilon = 1e-6;
  bool gated = false;

  std::int64_t inner() const { return heads * head_size; }
};

constexpr std::int64_t kMaxSize = 1LL << 24U;

T5Config read_config(JsonObject& json) {
  T5Config config;
  config.width = json.integer("d_model", 1, kMaxSize);
  config.head_size = json.integer("d_kv", 1, kMaxSize);
  config.feed_forward = json.integer("d_ff", 1, kMaxSize);
  config.heads = json.integer("num_heads", 1, 1024);
  config.layers = json.integer("num_layers", 1, 1024);
  config.vocabulary = json.integer("vocab_size", 1, kMaxSize);
  config.buckets = json.integer_or("relative_attention_num_buckets", 32, 2, 4096);
  config.max_distance = json.integer_or("relative_attention_max_distance", 128, 1, kMaxSize);
  config.epsilon = json.number_or("layer_norm_epsilon", config.epsilon);
  const std::string kind = json.text_or("feed_forward_proj", "relu");
  if (kind != "relu" && kind != "gated-gelu") {
    fail(ErrorKind::data, json.where(), ": feed_forward_proj '", kind,
         "', supported: relu, gated-gelu");
  }
  config.gated = kind == "gated-gelu";
  return config;
}

// Bucket of a relative position (key - query), bidirectional: half of the buckets for each sign;
// within a half the first half are exact distances, the rest logarithmic up to max_distance (Raffel
// et al., arXiv 1910.10683, section 2.1).
std::int64_t position_bucket(std::int64_t relative, const T5Config& config) {
  const std::int64_t half = config.buckets / 2;
  const std::int64_t exact = half / 2;
  const std::int64_t distance = std::abs(relative);
  std::int64_t bucket = distance;
  if (distance >= exact) {
    // fp32, as the reference computes it: the result is cut to an integer.
    const float ratio = std::log(static_cast<float>(distance) / static_cast<float>(exact)) /
                        static_cast<float>(std::log(static_cast<double>(config.max_distance) /
                                                    static_cast<double>(exact)));
    bucket = exact + static_cast<std::int64_t>(ratio * static_cast<float>(half - exact));
    bucket = std::min(bucket, half - 1);
  }
  return bucket + (relative > 0 ? half : 0);
}

struct T5Layer {
  at::Tensor attention_norm;  // (C)
  at::Tensor query, key, value;
  at::Tensor attention_out;
  at::Tensor feed_forward_norm;
  at::Tensor feed_forward_in;  // gated: the linear half is feed_forward_gate
  at::Tensor feed_forward_gate;
  at::Tensor feed_forward_out;
};

class T5Encoder : public EncoderModel {
 public:
  T5Encoder(T5Config config, const std::filesystem::path& weights)
      : config_(config), store_(weights) {
    const std::string shared = "shared.weight";
    words_ = store_.get(store_.has(shared) ? shared : "encoder.embed_tokens.weight",
                        {config_.vocabulary, config_.width});
    for (std::int64_t i = 0; i < config_.layers; ++i) layers_.push_back(load_layer(i));
    final_norm_ = store_.get("encoder.final_layer_norm.weight", {config_.width});
    bias_ = position_bias(kChunkLength);
  }

  std::int64_t width() const override { return config_.width; }
  std::int64_t vocabulary_size() const override { return config_.vocabulary; }
  std::int64_t max_positions() const override { return std::numeric_limits<std::int64_t>::max(); }

  at::Tensor forward(const Chunk& chunk, bundle::EmptyChunk empty_chunk) const override {
    const at::Tensor ids =
        at::from_blob(const_cast<std::int32_t*>(chunk.ids.data()), {chunk.length()}, at::kInt);
    at::Tensor x = at::embedding(words_, ids);  // (L, C)
    for (const T5Layer& layer : layers_) {
      const auto by = [](const at::Tensor& weight) {
        return [&weight](const at::Tensor& in) { return at::linear(in, weight); };
      };
      const at::Tensor context =
          attention_context({norm(x, layer.attention_norm), config_.heads, /*scale=*/1.0, bias_,
                             by(layer.query), by(layer.key), by(layer.value)},
                            chunk, empty_chunk);
      x = at::linear(context, layer.attention_out).add_(x);
      x = feed_forward(layer, norm(x, layer.feed_forward_norm)).add_(x);
    }
    return norm(x, final_norm_);
  }

 private:
  // RMS norm: no mean, no bias.
  at::Tensor norm(const at::Tensor& x, const at::Tensor& weight) const {
    const at::Tensor inverse = x.square().mean(-1, /*keepdim=*/true).add_(config_.epsilon).rsqrt_();
    return x.mul(inverse).mul_(weight);
  }

  at::Tensor feed_forward(const T5Layer& layer, const at::Tensor& x) const {
    at::Tensor inner = at::linear(x, layer.feed_forward_in);
    inner = config_.gated ? at::gelu(inner, "tanh").mul_(at::linear(x, layer.feed_forward_gate))
                          : at::relu(inner);
    return at::linear(inner, layer.feed_forward_out);
  }

  // (heads, length, length)
  at::Tensor position_bias(std::int64_t length) const {
    const at::Tensor table =
        store_.get("encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight",
                   {config_.buckets, config_.heads});
    const float* from = table.const_data_ptr<float>();
    at::Tensor bias = at::empty({config_.heads, length, length}, at::kFloat);
    float* to = bias.mutable_data_ptr<float>();
    for (std::int64_t h = 0; h < config_.heads; ++h) {
      for (std::int64_t q = 0; q < length; ++q) {
        for (std::int64_t k = 0; k < length; ++k) {
          *to++ = from[position_bucket(k - q, config_) * config_.heads + h];
        }
      }
    }
    return bias;
  }

  T5Layer load_layer(std::int64_t index) const {
    const std::string a = cat("encoder.block.", index, ".layer.0.");
    const std::string f = cat("encoder.block.", index, ".layer.1.");
    const std::int64_t c = config_.width;
    const std::int64_t inner = config_.inner();
    const std::int64_t d = config_.feed_forward;
    const std::string dense = f + "DenseReluDense.";
    T5Layer layer;
    layer.attention_norm = store_.get(a + "layer_norm.weight", {c});
    layer.query = store_.get(a + "SelfAttention.q.weight", {inner, c});
    layer.key = store_.get(a + "SelfAttention.k.weight", {inner, c});
    layer.value = store_.get(a + "SelfAttention.v.weight", {inner, c});
    layer.attention_out = store_.get(a + "SelfAttention.o.weight", {c, inner});
    layer.feed_forward_norm = store_.get(f + "layer_norm.weight", {c});
    layer.feed_forward_in =
        store_.get(dense + (config_.gated ? "wi_0.weight" : "wi.weight"), {d, c});
    if (config_.gated) layer.feed_forward_gate = store_.get(dense + "wi_1.weight", {d, c});
    layer.feed_forward_out = store_.get(dense + "wo.weight", {c, d});
    return layer;
  }

  T5Config config_;
  WeightStore store_;
  at::Tensor words_;  // (vocabulary, C)
  at::Tensor final_norm_;
  at::Tensor bias_;  // (heads, kChunkLength, kChunkLength)
  std::vector<T5Layer> layers_;
};

}  // namespace

std::unique_ptr<EncoderModel> load_t5(const std::filesystem::path& folder, JsonObject& config) {
  return std::make_unique<T5Encoder>(read_config(config), folder / "model.safetensors");
}

}  // namespace dnd::nn
