// A row of cached_attention.h on its way.
#pragma once

#include <cstdint>

namespace dnd::ops::cpu {

struct WeightedRow {
  const float* weights = nullptr;  // of a segment's tokens
  float* context = nullptr;        // (D), the sum so far
  std::int64_t begin = 0;          // it sees begin ... end - 1 of the tokens
  std::int64_t end = 0;
};

}  // namespace dnd::ops::cpu
