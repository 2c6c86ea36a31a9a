#include "nn/bert_weights.h"

#include <ATen/ops/embedding.h>
#include <ATen/ops/from_blob.h>

#include <algorithm>
#include <cmath>

#include "base/strings.h"
#include "bundle/generator_config.h"

namespace dnd::nn {

using bundle::kMaxDimension;

double BertConfig::attention_scale() const {
  const std::int64_t head_size = width / heads;
  return 1.0 / std::sqrt(static_cast<double>(head_size));
}

std::int64_t BertConfig::longest() const { return padding ? positions - *padding - 1 : positions; }

BertConfig read_bert_config(JsonObject& json) {
  BertConfig config;
  config.width = json.integer("hidden_size", 1, kMaxDimension);
  config.layers = json.integer("num_hidden_layers", 1, 1024);
  config.heads = json.integer("num_attention_heads", 1, 1024);
  config.feed_forward = json.integer("intermediate_size", 1, kMaxDimension);
  config.vocabulary = json.integer("vocab_size", 1, kMaxDimension);
  config.positions = json.integer("max_position_embeddings", 1, kMaxDimension);
  config.token_types = json.integer_or("type_vocab_size", 2, 1, 1024);
  config.epsilon = json.number_or("layer_norm_eps", config.epsilon);
  if (json.text("model_type") != "bert") {
    // Every text has at least one position.
    config.padding = static_cast<std::int32_t>(json.integer_or(
        "pad_token_id", 1, 0, std::min(config.vocabulary, config.positions - 1) - 1));
  }
  const std::string activation = json.text_or("hidden_act", "gelu");
  const std::string positions = json.text_or("position_embedding_type", "absolute");
  if (activation != "gelu") {
    fail(ErrorKind::data, json.where(), ": hidden_act '", activation, "', only gelu is supported");
  }
  if (positions != "absolute") {
    fail(ErrorKind::data, json.where(), ": position_embedding_type '", positions,
         "', only absolute is supported");
  }
  if (config.width % config.heads != 0) {
    fail(ErrorKind::data, json.where(), ": hidden_size ", config.width, " is no multiple of ",
         config.heads, " heads");
  }
  return config;
}

BertWeights::BertWeights(const std::filesystem::path& folder)
    : store_(folder / "model.safetensors") {
  for (const char* prefix : {"bert.", "roberta."}) {
    if (store_.has(cat(prefix, "embeddings.word_embeddings.weight"))) prefix_ = prefix;
  }
}

BertEmbeddings::BertEmbeddings(const BertConfig& config, const BertWeights& weights,
                               const at::Device& device)
    : padding_(config.padding) {
  const auto get = [&](const char* name, std::int64_t count) {
    return weights.get(cat("embeddings.", name, "_embeddings.weight"), {count, config.width})
        .to(device);
  };
  words = get("word", config.vocabulary);
  positions = get("position", config.positions);
  types = get("token_type", config.token_types);
}

at::Tensor BertEmbeddings::operator()(std::span<const std::int32_t> ids) const {
  const auto length = static_cast<std::int64_t>(ids.size());
  const at::Tensor indices =
      at::from_blob(const_cast<std::int32_t*>(ids.data()), {length}, at::kInt);
  return at::embedding(words, indices.to(words.device()))
      .add_(types.select(0, 0))
      .add_(positions_of(ids));
}

// As transformers' RobertaEmbeddings counts them.
at::Tensor BertEmbeddings::positions_of(std::span<const std::int32_t> ids) const {
  if (!padding_) return positions.narrow(0, 0, static_cast<std::int64_t>(ids.size()));
  std::vector<std::int32_t> rows(ids.size(), *padding_);
  std::int32_t last = *padding_;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] != *padding_) rows[i] = ++last;
  }
  const at::Tensor indices =
      at::from_blob(rows.data(), {static_cast<std::int64_t>(rows.size())}, at::kInt);
  return at::embedding(positions, indices.to(positions.device()));
}

}  // namespace dnd::nn
