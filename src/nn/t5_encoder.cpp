#include "nn/t5_encoder.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/from_blob.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <optional>

#include "base/strings.h"
#include "nn/attention.h"
#include "nn/norm.h"
#include "nn/row_blocks.h"
#include "nn/weight_store.h"

namespace dnd::nn {
namespace {

using bundle::kMaxDimension;
using ops::cpu::Activation;
using ops::cpu::PackedLinear;

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

T5Config read_t5_config(JsonObject& json) {
  T5Config config;
  config.width = json.integer("d_model", 1, kMaxDimension);
  config.head_size = json.integer("d_kv", 1, kMaxDimension);
  config.feed_forward = json.integer("d_ff", 1, kMaxDimension);
  config.heads = json.integer("num_heads", 1, 1024);
  config.layers = json.integer("num_layers", 1, 1024);
  config.vocabulary = json.integer("vocab_size", 1, kMaxDimension);
  config.buckets = json.integer_or("relative_attention_num_buckets", 32, 2, 4096);
  config.max_distance = json.integer_or("relative_attention_max_distance", 128, 1, kMaxDimension);
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
  Norm attention_norm;
  AttentionLayer attention;
  PackedLinear attention_out;
  Norm feed_forward_norm;
  PackedLinear feed_forward_in;
  PackedLinear feed_forward_gate;  // where gated: the linear half
  PackedLinear feed_forward_out;
};

class T5Encoder : public EncoderModel {
 public:
  T5Encoder(T5Config config, const std::filesystem::path& weights, EncoderProducts products)
      : config_(config), products_(products), store_(weights) {
    const std::string shared = "shared.weight";
    words_ = store_.get(store_.has(shared) ? shared : "encoder.embed_tokens.weight",
                        {config_.vocabulary, config_.width});
    bias_ = position_bias(kChunkLength);
    for (std::int64_t i = 0; i < config_.layers; ++i) layers_.push_back(load_layer(i));
    final_norm_ = norm("encoder.final_layer_norm.weight");
  }

  std::int64_t width() const override { return config_.width; }
  std::int64_t vocabulary_size() const override { return config_.vocabulary; }
  std::int64_t max_positions() const override { return std::numeric_limits<std::int64_t>::max(); }

  void forward(const Chunk& chunk, bundle::EmptyChunk empty_chunk, at::Tensor x) const override {
    const at::Tensor ids =
        at::from_blob(const_cast<std::int32_t*>(chunk.ids.data()), {chunk.length()}, at::kInt);
    x.copy_(at::embedding(words_, ids));
    const at::Tensor normed = at::empty_like(x);
    for (const T5Layer& layer : layers_) {
      layer.attention_norm(x, normed);
      const ChunkAttention attention(layer.attention, normed, chunk, empty_chunk);
      for_row_blocks(x, [&](std::int64_t first, const at::Tensor& rows) {
        const at::Tensor in = normed.narrow(0, first, rows.size(0));
        const at::Tensor sum = layer.attention_out.add(attention.context(in, first), rows);
        layer.feed_forward_norm(sum, in);
        rows.copy_(layer.feed_forward_out.add(feed_forward(layer, in), sum));
      });
    }
    final_norm_(x, x);
  }

 private:
  // (n, C) -> (n, feed_forward)
  at::Tensor feed_forward(const T5Layer& layer, const at::Tensor& x) const {
    if (!config_.gated) return layer.feed_forward_in(x, Activation::relu);
    return layer.feed_forward_gate.multiply(x, layer.feed_forward_in(x, Activation::gelu_tanh));
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

  Norm norm(const std::string& name) const {
    return {store_.get(name, {config_.width}), {}, config_.epsilon};
  }

  PackedLinear linear(const std::string& name, std::int64_t out, std::int64_t in) const {
    return PackedLinear(store_.get(name, {out, in}), {}, products_);
  }

  // `p` is the prefix of q, k and v. Scores are not scaled.
  AttentionLayer attention(const std::string& p) const {
    const std::vector<std::int64_t> shape = {config_.inner(), config_.width};
    return {config_.heads, /*scale=*/1.0, bias_, linear(p + "q.weight", shape[0], shape[1]),
            PackedLinear(
                at::cat({store_.get(p + "k.weight", shape), store_.get(p + "v.weight", shape)}), {},
                products_)};
  }

  T5Layer load_layer(std::int64_t index) const {
    const std::string a = cat("encoder.block.", index, ".layer.0.");
    const std::string f = cat("encoder.block.", index, ".layer.1.");
    const std::int64_t c = config_.width;
    const std::int64_t d = config_.feed_forward;
    const std::string dense = f + "DenseReluDense.";
    T5Layer layer;
    layer.attention_norm = norm(a + "layer_norm.weight");
    layer.attention = attention(a + "SelfAttention.");
    layer.attention_out = linear(a + "SelfAttention.o.weight", c, config_.inner());
    layer.feed_forward_norm = norm(f + "layer_norm.weight");
    layer.feed_forward_in = linear(dense + (config_.gated ? "wi_0.weight" : "wi.weight"), d, c);
    if (config_.gated) layer.feed_forward_gate = linear(dense + "wi_1.weight", d, c);
    layer.feed_forward_out = linear(dense + "wo.weight", c, d);
    return layer;
  }

  T5Config config_;
  EncoderProducts products_;
  WeightStore store_;
  at::Tensor words_;  // (vocabulary, C)
  Norm final_norm_;
  at::Tensor bias_;  // (heads, kChunkLength, kChunkLength)
  std::vector<T5Layer> layers_;
};

}  // namespace

std::unique_ptr<EncoderModel> load_t5(const std::filesystem::path& folder, JsonObject& config,
                                      EncoderProducts products) {
  return std::make_unique<T5Encoder>(read_t5_config(config), folder / "model.safetensors",
                                     products);
}

}  // namespace dnd::nn
