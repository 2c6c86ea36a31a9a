// Puts an adapter beside the layers of a loaded model, or takes it away.
#pragma once

#include <vector>

#include "adapter/lora.h"
#include "lm/linear.h"

namespace dnd::lm {

// nullptr: the base alone. Throws Error(data) naming the first pair that no layer takes, has another
// shape or is DoRA; the layers are then as before.
void attach_adapter(const std::vector<Linear*>& layers, const adapter::LoraAdapter* adapter);

}  // namespace dnd::lm
