// The kernels of Int16Linear.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "ops/pieces.h"

namespace dnd::ops::cpu {

inline constexpr std::int64_t kInt16Block = 16;  // outputs of a block of weights: a line of 64 B
inline constexpr std::int64_t kInt16Features = 512;  // of a piece, at most; even

// The pieces into which `in` features are cut, all of one length (the last one with zeros behind).
struct Int16Pieces {
  explicit Int16Pieces(std::int64_t features)
      : in(features),
        count(ops::pieces(features, kInt16Features)),
        pairs(ops::pieces(ops::pieces(features, count), 2)) {}

  std::int64_t length() const { return 2 * pairs; }
  std::int64_t row() const { return count * length(); }
  std::int64_t features(std::int64_t piece) const {
    return std::clamp<std::int64_t>(in - piece * length(), 0, length());
  }

  std::int64_t in;
  std::int64_t count;
  std::int64_t pairs;  // of features, in each piece
};

// How the values of a piece become integers, from its largest absolute value and its 2-norm:
// value = integer * unit. A piece of values below 1e-30 is zero, one whose norm is not finite NaN.
struct Int16Scale {
  static constexpr float kLargest = 32767.0F;
  static constexpr float kNorm = 46300.0F;  // (kNorm + sqrt(kInt16Features) / 2)^2 < 2^31

  Int16Scale(float largest, float norm) {
    if (!std::isfinite(norm)) {
      unit = std::nanf("");
    } else if (largest > 1e-30F) {
      factor = std::min(kLargest / largest, kNorm / std::max(norm, largest));
      unit = 1.0F / factor;
    }
  }

  float factor = 0.0F;
  float unit = 0.0F;
};

// Whole pairs of blocks, which is what the widest vectors take at once.
inline std::int64_t padded_columns(std::int64_t out) {
  return pieces(out, 2 * kInt16Block) * 2 * kInt16Block;
}

// A whole product, as Int16Linear states it.
struct Int16Product {
  std::int64_t padded_out() const { return padded_columns(out); }
  // Of output `column` and the ones behind it in its block; pairs are 2 kInt16Block apart.
  const std::int16_t* weights_of(std::int64_t piece, std::int64_t column) const {
    const std::int64_t within = column % kInt16Block;
    const std::int64_t block = column - within;
    return weights + block * pieces.row() + piece * kInt16Block * pieces.length() + 2 * within;
  }

  Int16Pieces pieces;
  std::int64_t rows;
  std::int64_t out;
  const std::int16_t* integers;  // (rows, pieces.row())
  const float* units;            // (rows, pieces.count)
  // (padded_out() / kInt16Block, pieces.count, pieces.pairs, kInt16Block, 2)
  const std::int16_t* weights;
  const float* scales;  // (pieces.count, padded_out())
  const float* bias;    // (out) or null
  const float* other;   // (rows, out) or null
  float* to;            // (rows, out)
};

}  // namespace dnd::ops::cpu
