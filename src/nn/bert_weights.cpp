#include "nn/bert_weights.h"

#include <cmath>

#include "base/strings.h"

namespace dnd::nn {

using bundle::kMaxDimension;

double BertConfig::attention_scale() const {
  const std::int64_t head_size = width / heads;
  return 1.0 / std::sqrt(static_cast<double>(head_size));
}

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
  if (store_.has("bert.embeddings.word_embeddings.weight")) prefix_ = "bert.";
}

}  // namespace dnd::nn
