// The decoder-only transformer of Llama-, Qwen-, Gemma- and Phi-type models: RMSNorm, rotary positions,
// grouped-query attention, gated feed-forward parts. fp32, one sequence at a time, on the calling thread.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "formats/model_folder.h"
#include "lm/linear.h"
#include "lm/model_config.h"
#include "lm/rows.h"
#include "lm/weights.h"
#include "ops/workers.h"

namespace dnd::lm {

// Keys and values of the tokens seen so far.
struct Sequence {
  std::vector<std::int32_t> ids;  // tokens seen
  at::Tensor cache;               // (layers, 2, key/value heads, capacity, D)

  std::int64_t length() const { return static_cast<std::int64_t>(ids.size()); }
};

class Transformer {
 public:
  // Reads all weights of the folder's model (fp32 in memory). Throws Error(data) for tensors that
  // are missing, of another shape, or that this computation would not use.
  Transformer(const ops::Workers& workers, const formats::ModelTensors& tensors,
              ModelConfig config);

  const ModelConfig& config() const { return config_; }
  std::int64_t parameters() const { return weights_.parameters; }

  // Room for sequences of that length; must not run beside forward().
  void reserve(std::int64_t length);
  Sequence begin(std::int64_t capacity) const;  // capacity <= what was reserved

  // Takes in `ids` (below the vocabulary) and gives the states (n, C) of all of them, or (1, C) of
  // the last one: input of head(). More than one id only at the start. Thread-safe. Where the length that
  // is reached changes the rotary frequencies, the tokens before are computed anew.
  enum class States { all, last };
  at::Tensor forward(std::span<const std::int32_t> ids, Sequence& sequence, States states) const;
  // (n, C) -> logits (n, vocabulary).
  at::Tensor head(const at::Tensor& states) const;

  // The layers that an adapter can act on.
  std::vector<Linear*> linears() { return weights_.linears(); }

 private:
  // A rope's tables, by the length of the sequence.
  struct Rotary {
    RotaryTable usual, of_long;
  };
  // A layer with what a pass needs of the rest.
  struct Pass {
    const LayerWeights& layer;
    LayerAttention attention;
    const RotaryTable* rotary;  // nullptr: without positions
    at::Tensor cache;           // (2, key/value heads, capacity, D)
    std::int64_t past = 0;      // tokens in the cache
    bool narrow = false;        // only the last state goes on; the cache gets all keys and values
  };

  at::Tensor embed(std::span<const std::int32_t> ids) const;
  bool changes_ropes(std::int64_t length, std::int64_t more) const;
  at::Tensor compute(std::span<const std::int32_t> ids, Sequence& sequence, States states) const;
  const RotaryTable* table(const LayerAttention& attention, std::int64_t length) const;
  void run_layer(const Pass& pass, at::Tensor& x) const;
  at::Tensor inner(const LayerWeights& layer, const at::Tensor& x) const;
  void add_output(const Linear& linear, const at::Tensor& input, const at::Tensor& norm,
                  at::Tensor& x) const;
  at::Tensor attention(const Pass& pass, const at::Tensor& qkv) const;
  void place_row(const Pass& pass, float* row, std::int64_t position) const;

  ModelConfig config_;
  Weights weights_;
  std::vector<Rotary> rotary_;  // as config_.ropes
};

}  // namespace dnd::lm
