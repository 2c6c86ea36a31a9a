#include "nn/bert_encoder.h"

#include <ATen/ops/cat.h>

#include <utility>

#include "base/strings.h"
#include "nn/attention.h"
#include "nn/bert_weights.h"
#include "nn/norm.h"
#include "nn/row_blocks.h"

namespace dnd::nn {
namespace {

using ops::cpu::Activation;
using ops::cpu::PackedLinear;

struct BertLayer {
  AttentionLayer attention;
  PackedLinear attention_out;
  Norm attention_norm;
  PackedLinear feed_forward_in, feed_forward_out;
  Norm feed_forward_norm;
};

class BertEncoder : public EncoderModel {
 public:
  BertEncoder(BertConfig config, const std::filesystem::path& folder, EncoderProducts products)
      : config_(config),
        products_(products),
        weights_(folder),
        embeddings_(config, weights_, at::kCPU),
        embedding_norm_(norm("embeddings.LayerNorm")) {
    for (std::int64_t i = 0; i < config_.layers; ++i) layers_.push_back(load_layer(i));
  }

  std::int64_t width() const override { return config_.width; }
  std::int64_t vocabulary_size() const override { return config_.vocabulary; }
  std::int64_t max_positions() const override { return config_.longest(); }

  void forward(const Chunk& chunk, bundle::EmptyChunk empty_chunk, at::Tensor x) const override {
    embedding_norm_(embeddings_(chunk.ids), x);
    for (const BertLayer& layer : layers_) {
      const ChunkAttention attention(layer.attention, x, chunk, empty_chunk);
      for_row_blocks(x, [&](std::int64_t first, const at::Tensor& rows) {
        const at::Tensor context = attention.context(rows, first);
        layer.attention_norm(layer.attention_out.add(context, rows), rows);
        const at::Tensor inner = layer.feed_forward_in(rows, Activation::gelu);
        layer.feed_forward_norm(layer.feed_forward_out.add(inner, rows), rows);
      });
    }
  }

 private:
  at::Tensor get(const std::string& name, const std::vector<std::int64_t>& shape) const {
    return weights_.get(name, shape);
  }

  PackedLinear linear(const std::string& name, std::int64_t out, std::int64_t in) const {
    return PackedLinear(get(name + ".weight", {out, in}), get(name + ".bias", {out}), products_);
  }

  Norm norm(const std::string& name) const {
    return {get(name + ".weight", {config_.width}), get(name + ".bias", {config_.width}),
            config_.epsilon};
  }

  // `p` is the prefix of query, key and value.
  AttentionLayer attention(const std::string& p) const {
    const std::int64_t c = config_.width;
    const auto both = [&](const char* name, const std::vector<std::int64_t>& shape) {
      return at::cat({get(p + "key" + name, shape), get(p + "value" + name, shape)});
    };
    return {config_.heads,
            config_.attention_scale(),
            {},
            linear(p + "query", c, c),
            PackedLinear(both(".weight", {c, c}), both(".bias", {c}), products_)};
  }

  BertLayer load_layer(std::int64_t index) const {
    const std::string p = cat("encoder.layer.", index, ".");
    const std::int64_t c = config_.width;
    const std::int64_t f = config_.feed_forward;
    return {attention(p + "attention.self."),       linear(p + "attention.output.dense", c, c),
            norm(p + "attention.output.LayerNorm"), linear(p + "intermediate.dense", f, c),
            linear(p + "output.dense", c, f),       norm(p + "output.LayerNorm")};
  }

  BertConfig config_;
  EncoderProducts products_;
  BertWeights weights_;
  BertEmbeddings embeddings_;
  Norm embedding_norm_;
  std::vector<BertLayer> layers_;
};

}  // namespace

std::unique_ptr<EncoderModel> load_bert(const std::filesystem::path& folder, JsonObject& config,
                                        EncoderProducts products) {
  return std::make_unique<BertEncoder>(read_bert_config(config), folder, products);
}

}  // namespace dnd::nn
