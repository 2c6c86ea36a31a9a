// Weights of a convolution where they lie: in memory or in a mapped file.
#pragma once

#include <cstdint>

namespace dnd::ops {

// (Cout, Cin, k, k), contiguous, one type or the other. A kernel reads halves straight into registers;
// what it computes has the bytes it would have from the same numbers in fp32.
struct WeightView {
  const float* f32 = nullptr;
  const std::uint16_t* f16 = nullptr;  // finite, times ...
  const float* scales = nullptr;       // ... a power of two for each output channel; none: 1
};

}  // namespace dnd::ops
