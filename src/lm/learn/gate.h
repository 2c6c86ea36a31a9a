// The feed-forward part's gate, differentiable.
#pragma once

#include <ATen/core/Tensor.h>

#include "lm/model_config.h"

namespace dnd::lm::learn {

// Gate and up side by side (n, 2 I) -> activation(gate) * up (n, I). Keeps its input alone.
at::Tensor gated(const at::Tensor& gate_up, Activation activation);

}  // namespace dnd::lm::learn
