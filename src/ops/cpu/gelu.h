// GELU with erf, as of BERT.
#pragma once

#include <cstdint>

namespace dnd::ops::cpu {

// Each x becomes x (1 + erf(x / sqrt(2))) / 2, to within 4e-7 max(1, |x|).
void gelu(float* values, std::int64_t size);

}  // namespace dnd::ops::cpu
