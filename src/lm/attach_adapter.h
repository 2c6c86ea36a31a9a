// Puts an adapter beside the layers of a loaded model, or takes it away.
#pragma once

#include <vector>

#include "adapter/lora.h"
#include "lm/linear.h"

namespace dnd::lm {

// The pairs of `adapter`, which they point into, by layer and part; nullptr where a part has none. Throws
// Error(data) naming the first pair that no layer takes, has another shape or is DoRA.
using PlacedPairs = std::vector<std::vector<const adapter::LoraPair*>>;
PlacedPairs place_pairs(const std::vector<Linear*>& layers, const adapter::LoraAdapter& adapter);

// nullptr: the base alone. Throws as place_pairs() does; the layers are then as before.
void attach_adapter(const std::vector<Linear*>& layers, const adapter::LoraAdapter* adapter);

}  // namespace dnd::lm
