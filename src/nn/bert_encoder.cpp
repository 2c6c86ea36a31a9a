#include "nn/bert_encoder.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/from_blob.h>

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
      : config_(config), products_(products), weights_(folder) {
    words_ = get("embeddings.word_embeddings.weight", {config_.vocabulary, config_.width});
    positions_ = get("embeddings.position_embeddings.weight", {config_.positions, config_.width});
    types_ = get("embeddings.token_type_embeddings.weight", {config_.token_types, config_.width});
    embedding_norm_ = norm("embeddings.LayerNorm");
    for (std::int64_t i = 0; i < config_.layers; ++i) layers_.push_back(load_layer(i));
  }

  std::int64_t width() const override { return config_.width; }
  std::int64_t vocabulary_size() const override { return config_.vocabulary; }
  std::int64_t max_positions() const override { return config_.positions; }

  void forward(const Chunk& chunk, bundle::EmptyChunk empty_chunk, at::Tensor x) const override {
    embed(chunk, x);
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
  void embed(const Chunk& chunk, const at::Tensor& x) const {
    const at::Tensor ids =
        at::from_blob(const_cast<std::int32_t*>(chunk.ids.data()), {chunk.length()}, at::kInt);
    const at::Tensor sum = at::embedding(words_, ids)
                               .add_(types_.select(0, 0))
                               .add_(positions_.narrow(0, 0, chunk.length()));
    embedding_norm_(sum, x);
  }

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
  at::Tensor words_, positions_, types_;  // (vocabulary, C), (positions, C), (types, C)
  Norm embedding_norm_;
  std::vector<BertLayer> layers_;
};

}  // namespace

std::unique_ptr<EncoderModel> load_bert(const std::filesystem::path& folder, JsonObject& config,
                                        EncoderProducts products) {
  return std::make_unique<BertEncoder>(read_bert_config(config), folder, products);
}

}  // namespace dnd::nn
