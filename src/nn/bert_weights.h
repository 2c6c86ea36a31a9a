// What a BERT-type encoder's folder holds.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "nn/weight_store.h"

namespace dnd::nn {

struct BertConfig {
  std::int64_t width = 0;
  std::int64_t layers = 0;
  std::int64_t heads = 0;
  std::int64_t feed_forward = 0;
  std::int64_t vocabulary = 0;
  std::int64_t positions = 0;  // rows of the table
  std::int64_t token_types = 0;
  // RoBERTa's: the id that has no position of its own. Tokens count from the row behind it, which it has
  // itself. BERT counts from 0, padding too.
  std::optional<std::int32_t> padding;
  double epsilon = 1e-12;

  double attention_scale() const;  // 1 / sqrt(values of a head)
  std::int64_t longest() const;    // tokens that have a position
};

// `json` is the folder's config.json. Throws Error(data) naming what is not supported.
BertConfig read_bert_config(JsonObject& json);

// Tensors by the names that BertModel gives them. Task models keep the encoder under "bert.", "roberta.".
class BertWeights {
 public:
  explicit BertWeights(const std::filesystem::path& folder);

  // Throws Error(data) if missing or of another shape.
  at::Tensor get(const std::string& name, const std::vector<std::int64_t>& shape) const {
    return store_.get(prefix_ + name, shape);
  }

 private:
  WeightStore store_;
  std::string prefix_;
};

// What each position begins with.
struct BertEmbeddings {
  // Throws as BertWeights::get() does.
  BertEmbeddings(const BertConfig& config, const BertWeights& weights, const at::Device& device);

  // ids (L) -> the sums of the three embeddings (L, C), before their norm, on the device.
  at::Tensor operator()(std::span<const std::int32_t> ids) const;

  at::Tensor words, positions, types;  // (vocabulary, C), (positions, C), (types, C)

 private:
  at::Tensor positions_of(std::span<const std::int32_t> ids) const;  // (L, C)

  std::optional<std::int32_t> padding_;
};

}  // namespace dnd::nn
