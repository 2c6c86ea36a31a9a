// Stored weights for LibTorch's products.
#pragma once

#include <ATen/core/Tensor.h>

#include "lm/stored_weight.h"

namespace dnd::lm::learn {

// (out, in) as fp32: a view where they are stored so and aligned, else a copy for the product at hand.
at::Tensor values_of(const StoredWeight& weight);

}  // namespace dnd::lm::learn
