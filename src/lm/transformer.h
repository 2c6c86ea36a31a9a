// The decoder-only transformer of Llama- and Qwen-type models: RMSNorm, rotary positions,
// grouped-query attention, SwiGLU. fp32, one sequence at a time, on the calling thread.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "formats/model_folder.h"
#include "lm/linear.h"
#include "lm/model_config.h"
#include "lm/rows.h"
#include "ops/workers.h"

namespace dnd::lm {

// Keys and values of the tokens seen so far.
struct Sequence {
  std::int64_t length = 0;  // tokens seen
  at::Tensor cache;         // (layers, 2, key/value heads, capacity, D)
};

class Transformer {
 public:
  // Reads all weights of the folder's model (fp32 in memory). Throws Error(data) for tensors that
  // are missing, of another shape, or that this computation would not use.
  Transformer(const ops::Workers& workers, const formats::ModelTensors& tensors,
              ModelConfig config);

  const ModelConfig& config() const { return config_; }
  std::int64_t parameters() const { return parameters_; }

  // Room for sequences of that length; must not run beside forward().
  void reserve(std::int64_t length);
  Sequence begin(std::int64_t capacity) const;  // capacity <= what was reserved

  // Takes in `ids` (below the vocabulary) and gives the states (n, C) of all of them, or (1, C) of
  // the last one: input of head(). More than one id only at the start. Thread-safe.
  enum class States { all, last };
  at::Tensor forward(std::span<const std::int32_t> ids, Sequence& sequence, States states) const;
  // (n, C) -> logits (n, vocabulary).
  at::Tensor head(const at::Tensor& states) const;

  // The layers that an adapter can act on.
  std::vector<Linear*> linears();

 private:
  struct Layer {
    at::Tensor attention_norm, mlp_norm;  // (C)
    at::Tensor query_norm, key_norm;      // (D), undefined where there are none
    Linear qkv, out, gate_up, down;
  };

  Layer load_layer(const formats::ModelTensors& tensors, std::int64_t index) const;
  void account(const formats::ModelTensors& tensors);
  at::Tensor embed(std::span<const std::int32_t> ids) const;
  void run_layer(const Layer& layer, const at::Tensor& cache, std::int64_t past, bool narrow,
                 at::Tensor& x) const;
  at::Tensor attention(const Layer& layer, const at::Tensor& qkv, const at::Tensor& cache,
                       std::int64_t past, bool narrow) const;
  void place_row(const Layer& layer, float* row, std::int64_t position,
                 const at::Tensor& cache) const;

  ModelConfig config_;
  std::int64_t parameters_ = 0;
  at::Tensor embedding_;  // (vocabulary, C)
  at::Tensor norm_;       // (C)
  std::vector<Layer> layers_;
  Linear head_;
  RotaryTable rotary_;
};

}  // namespace dnd::lm
