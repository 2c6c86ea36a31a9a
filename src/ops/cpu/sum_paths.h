// The end of a decoder layer's hidden part: what its two paths give together.
#pragma once

#include <cstdint>

namespace dnd::ops::cpu {

// first = (first + tanh(second) + bias) / 3, of so many values each.
void sum_paths(const float* second, const float* bias, std::int64_t size, float* first);

}  // namespace dnd::ops::cpu
