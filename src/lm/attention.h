// Attention of a pass: new tokens of several sequences, each to its own sequence.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>

#include "lm/model_config.h"
#include "lm/rows.h"
#include "lm/sequence.h"
#include "lm/weights.h"
#include "ops/workers.h"

namespace dnd::lm {

// Rows of a pass that are the next tokens of one sequence.
struct PassRows {
  Sequence* sequence = nullptr;
  std::int64_t first = 0;  // row
  std::int64_t rows = 0;
  std::int64_t wanted = 0;              // the last so many go on after the last layer's attention
  const RotaryTable* rotary = nullptr;  // of the layer at hand; nullptr: without positions
};

// qkv (n, (H + 2 K) D): normalises and turns the heads of all rows and stores keys and values.
void place_rows(const ops::Workers& workers, const ModelConfig& config, const LayerWeights& layer,
                std::int64_t index, std::span<const PassRows> pass, const at::Tensor& qkv);

// Contexts (sum of wanted, H D) of the wanted rows; all rows of the pass are in their caches.
at::Tensor attend(const ops::Workers& workers, const ModelConfig& config, std::int64_t index,
                  std::span<const PassRows> pass, const at::Tensor& qkv);

}  // namespace dnd::lm
