// One rank and one scale for all pairs of an adapter: what formats with one setting a file need.
//
// Smaller ranks are padded with zero rows of A and zero columns of B, other scales are folded into B;
// scale * B A stays the same (up to one rounding where something is folded).
#pragma once

#include <cstdint>
#include <vector>

#include "adapter/lora.h"

namespace dnd::adapter {

struct Uniform {
  std::int64_t rank = 0;
  double scale = 1.0;
  bool folds = false;  // some pair has another scale
};

// The largest rank; the scale that most pairs have.
Uniform uniform_of(const LoraAdapter& adapter);
// The same, or scale 1 unless rank * scale is a whole number from 1 on: PEFT's lora_alpha.
Uniform uniform_with_alpha(const LoraAdapter& adapter);
// The largest rank, scale 1.
Uniform uniform_without_scale(const LoraAdapter& adapter);

// One of these: what a format's settings can tell.
using UniformRule = Uniform (*)(const LoraAdapter&);

// rank * scale as a whole number, of uniform_with_alpha().
std::int64_t whole_alpha(const Uniform& uniform);

std::vector<float> uniform_a(const LoraPair& pair, const Uniform& uniform);  // (rank, in)
std::vector<float> uniform_b(const LoraPair& pair, const Uniform& uniform);  // (out, rank)

// (rows, columns) -> (columns, rows).
std::vector<float> transposed(const std::vector<float>& values, std::int64_t rows,
                              std::int64_t columns);

}  // namespace dnd::adapter
