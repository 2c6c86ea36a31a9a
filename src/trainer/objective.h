// What training on adapters makes small.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "adapter/adapter_layout.h"

namespace dnd::trainer {

// The released loss: mean over the cells that carry something of weight * (output - target)^2.
struct TokenLoss {
  at::Tensor cell_weights;  // (T, R, S): 0 where a cell carries nothing
  double cells = 0.0;       // how many carry something

  // Sum over the examples of (B, T, R, S); the mean over the batch is left to the caller.
  at::Tensor operator()(const at::Tensor& output, const at::Tensor& target) const;
};

// The loss on the updates: mean over the adapted layers of weight * ||B A - B' A'||^2, both sides
// detokenised, scale left out. No factor is formed in full: with D = [B B'] and E = [A; -A'],
// ||D E||^2 = <D^T D, E E^T>.
struct UpdateLoss {
  adapter::AdapterLayout layout;
  std::vector<double> weights;  // one for each adapted layer, in layout order

  at::Tensor operator()(const at::Tensor& output, const at::Tensor& target) const;
};

}  // namespace dnd::trainer
