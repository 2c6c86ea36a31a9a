// Layer normalisation of rows.
#pragma once

#include <cstdint>

namespace dnd::ops::cpu {

// One row x of C values becomes (x - mean) / sqrt(variance + epsilon) * weight + bias, or without a
// bias (RMS norm, as of T5) x / sqrt(mean square + epsilon) * weight.
struct RowNorm {
  std::int64_t width = 0;
  const float* weight = nullptr;  // (C)
  const float* bias = nullptr;    // (C); null for RMS norm
  float epsilon = 0.0F;
};

// `from` and `to` are (rows, C) in C order and may be the same.
void normalize_rows(const RowNorm& norm, const float* from, std::int64_t rows, float* to);

}  // namespace dnd::ops::cpu
