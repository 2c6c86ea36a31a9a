// The decoder-only transformer of Llama-, Qwen-, Gemma- and Phi-type models: RMSNorm, rotary positions,
// grouped-query attention, gated feed-forward parts. fp32 activations; the rows of many sequences share
// a pass.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "formats/model_folder.h"
#include "lm/attention.h"
#include "lm/linear.h"
#include "lm/model_config.h"
#include "lm/rows.h"
#include "lm/sequence.h"
#include "lm/weights.h"
#include "ops/workers.h"

namespace dnd::lm {

// The next tokens of a sequence.
struct Step {
  Sequence* sequence = nullptr;       // with room for them
  std::span<const std::int32_t> ids;  // below the vocabulary, at least one
  std::int64_t wanted = 1;            // states of the last so many are given
  // The length that decides which frequencies a rope with two kinds takes: that of the sequence.
  std::int64_t reach = 0;
};

// One caller at a time. The states of a token depend on the tokens of its sequence and the step's reach
// alone: not on how these are cut into steps, on the other sequences of a pass, nor on threads.
class Transformer {
 public:
  // Weights stay in the files of `tensors` where their type allows it: it must outlive this, as `workers`
  // must. Throws Error(data) for tensors that are missing, of another shape, or that this computation would
  // not use.
  Transformer(const ops::Workers& workers, const formats::ModelTensors& tensors,
              ModelConfig config);

  const ModelConfig& config() const { return config_; }
  const ops::Workers& workers() const { return workers_; }
  std::int64_t parameters() const { return weights_.parameters; }

  // Room for sequences of that length.
  void reserve(std::int64_t length);

  // Whether sequences of these two lengths take the same frequencies; if not, a sequence that grows from one
  // to the other begins anew.
  bool same_ropes(std::int64_t length, std::int64_t other) const;

  // Takes in the tokens of all steps, each of another sequence, and gives the wanted states, (n, C), in
  // the order of the steps: input of head().
  at::Tensor forward(std::span<const Step> steps) const;
  // Rows (n, C) -> logits (n, vocabulary).
  at::Tensor head(const at::Tensor& states) const;

  // Bytes of activations that a row of a pass needs.
  std::int64_t row_bytes() const;

  // The layers that an adapter can act on.
  std::vector<Linear*> linears() { return weights_.linears(); }
  Weights& weights() { return weights_; }

 private:
  // A rope's tables, by the length of the sequence.
  struct Rotary {
    RotaryTable usual, of_long;
  };

  at::Tensor embed(std::span<const Step> steps) const;
  const RotaryTable* table(const LayerAttention& attention, std::int64_t length) const;
  void run_layer(std::int64_t index, std::span<const PassRows> pass, at::Tensor& x) const;
  at::Tensor inner(const LayerWeights& layer, const at::Tensor& x) const;
  void add_output(const Linear& linear, const at::Tensor& input, const at::Tensor& norm,
                  at::Tensor& x) const;

  const ops::Workers& workers_;
  ModelConfig config_;
  Weights weights_;
  std::vector<Rotary> rotary_;  // as config_.ropes
};

}  // namespace dnd::lm
