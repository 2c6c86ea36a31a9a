// The weights of a decoder-only transformer, by their meaning.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "formats/model_folder.h"
#include "lm/linear.h"
#include "lm/model_config.h"
#include "lm/stored_weight.h"
#include "ops/workers.h"

namespace dnd::lm {

// Norms hold what is multiplied with: the config's norm_offset is in them. Undefined where the config has
// none.
struct LayerWeights {
  at::Tensor attention_norm, mlp_norm;          // (C)
  at::Tensor attention_out_norm, mlp_out_norm;  // (C)
  at::Tensor query_norm, key_norm;              // (D)
  Linear qkv;                                   // C -> (H + 2 K) D: queries, keys, values
  Linear out;                                   // H D -> C
  Linear gate_up;                               // C -> 2 inner: gate, up
  Linear down;                                  // inner -> C
};

struct Weights {
  StoredWeight embedding;  // (vocabulary, C)
  at::Tensor norm;         // (C), before the head
  std::vector<LayerWeights> layers;
  Linear head;
  std::int64_t parameters = 0;

  // The layers that an adapter can act on.
  std::vector<Linear*> linears();
};

// All of the folder's model: matrices as they are stored, which `tensors` keeps, norms as fp32. Throws
// Error(data) for tensors that are missing, of another shape, or that are no part of a model of this config.
Weights read_weights(const ops::Workers& workers, const formats::ModelTensors& tensors,
                     const ModelConfig& config);

}  // namespace dnd::lm
