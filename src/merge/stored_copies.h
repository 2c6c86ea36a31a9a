// What PEFT stores beside an adapted output head or embedding: the base's own layer, which it puts in the
// base's place when it loads the adapter.
#pragma once

#include <span>

#include "merge/adapter_argument.h"
#include "merge/base_weights.h"

namespace dnd::merge {

// Throws Error(data), naming the tensor, where a copy is another than the base's, as rounded to the copy's
// type: the adapter was trained beside these values, and a merge does not put them in. Bases of GGUF are not
// compared: their values are rounded.
void check_stored_copies(const BaseWeights& base, std::span<const WeightedAdapter> adapters);

}  // namespace dnd::merge
