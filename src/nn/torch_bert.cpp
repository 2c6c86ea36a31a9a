#include <ATen/TensorOperators.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/zeros_like.h>

#include "base/strings.h"
#include "nn/bert_encoder.h"
#include "nn/bert_weights.h"

namespace dnd::nn {
namespace {

struct Linear {
  at::Tensor weight, bias;
  at::Tensor operator()(const at::Tensor& x) const { return at::linear(x, weight, bias); }
};

struct LayerNorm {
  at::Tensor weight, bias;
  double epsilon = 0.0;
  at::Tensor operator()(const at::Tensor& x) const {
    return at::layer_norm(x, weight.sizes(), weight, bias, epsilon);
  }
};

struct Layer {
  Linear query, key, value, attention_out;
  LayerNorm attention_norm;
  Linear feed_forward_in, feed_forward_out;
  LayerNorm feed_forward_norm;
};

class TorchBert : public EncoderModel {
 public:
  TorchBert(const BertConfig& config, const std::filesystem::path& folder, const at::Device& device)
      : config_(config),
        weights_(folder),
        device_(device),
        embeddings_(config, weights_, device),
        embedding_norm_(norm("embeddings.LayerNorm")) {
    for (std::int64_t i = 0; i < config_.layers; ++i) layers_.push_back(load_layer(i));
  }

  std::int64_t width() const override { return config_.width; }
  std::int64_t vocabulary_size() const override { return config_.vocabulary; }
  std::int64_t max_positions() const override { return config_.longest(); }

  void forward(const Chunk& chunk, bundle::EmptyChunk empty_chunk, at::Tensor out) const override {
    at::Tensor x = embedding_norm_(embeddings_(chunk.ids));
    for (const Layer& layer : layers_) {
      const at::Tensor context = attend(layer, x, chunk.real, empty_chunk);
      x = layer.attention_norm(layer.attention_out(context) + x);
      x = layer.feed_forward_norm(layer.feed_forward_out(at::gelu(layer.feed_forward_in(x))) + x);
    }
    out.copy_(x);
  }

 private:
  // As ChunkAttention: keys and values of real tokens; without one a constant.
  at::Tensor attend(const Layer& layer, const at::Tensor& x, std::int64_t real,
                    bundle::EmptyChunk empty_chunk) const {
    if (real == 0 && empty_chunk == bundle::EmptyChunk::zero) return at::zeros_like(x);
    if (real == 0) return layer.value(x).mean(0, /*keepdim=*/true).expand_as(x);
    const auto heads = [&](const at::Tensor& rows) {  // (n, C) -> (1, heads, n, d)
      return rows.view({1, rows.size(0), config_.heads, -1}).transpose(1, 2);
    };
    const at::Tensor source = x.narrow(0, 0, real);
    return at::scaled_dot_product_attention(heads(layer.query(x)), heads(layer.key(source)),
                                            heads(layer.value(source)), std::nullopt,
                                            /*dropout_p=*/0.0, /*is_causal=*/false,
                                            config_.attention_scale())
        .transpose(1, 2)
        .reshape(x.sizes());
  }

  at::Tensor get(const std::string& name, const std::vector<std::int64_t>& shape) const {
    return weights_.get(name, shape).to(device_);
  }
  Linear linear(const std::string& name, std::int64_t out, std::int64_t in) const {
    return {get(name + ".weight", {out, in}), get(name + ".bias", {out})};
  }
  LayerNorm norm(const std::string& name) const {
    return {get(name + ".weight", {config_.width}), get(name + ".bias", {config_.width}),
            config_.epsilon};
  }

  Layer load_layer(std::int64_t index) const {
    const std::string p = cat("encoder.layer.", index, ".");
    const std::int64_t c = config_.width;
    const std::int64_t f = config_.feed_forward;
    return {linear(p + "attention.self.query", c, c), linear(p + "attention.self.key", c, c),
            linear(p + "attention.self.value", c, c), linear(p + "attention.output.dense", c, c),
            norm(p + "attention.output.LayerNorm"),   linear(p + "intermediate.dense", f, c),
            linear(p + "output.dense", c, f),         norm(p + "output.LayerNorm")};
  }

  BertConfig config_;
  BertWeights weights_;
  at::Device device_;
  BertEmbeddings embeddings_;
  LayerNorm embedding_norm_;
  std::vector<Layer> layers_;
};

}  // namespace

std::unique_ptr<EncoderModel> load_torch_bert(const std::filesystem::path& folder,
                                              JsonObject& config, const at::Device& device) {
  return std::make_unique<TorchBert>(read_bert_config(config), folder, device);
}

}  // namespace dnd::nn
