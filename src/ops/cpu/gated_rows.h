// The middle of a gated feed-forward part.
#pragma once

#include <cstdint>

namespace dnd::ops::cpu {

enum class Gate { silu, gelu, gelu_tanh };

// Rows (gate, up), each of `width` values -> f(gate) * up, in the gate's place; rows are `stride` floats
// apart. A row's values depend on that row alone.
void gate_rows(Gate gate, float* rows, std::int64_t count, std::int64_t width, std::int64_t stride);

}  // namespace dnd::ops::cpu
