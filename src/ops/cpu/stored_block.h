// How a product with a stored matrix (stored_linear.h) is cut up.
#pragma once

#include <cstdint>

#include "ops/cpu/stored_linear.h"
#include "ops/pieces.h"

namespace dnd::ops::cpu {

constexpr std::int64_t kStripOuts = 4;        // rows of W at a time: a strip
constexpr std::int64_t kLongestPiece = 1024;  // inputs of a strip that stays in the first cache

// Inputs of a piece. It decides the order of sums: the same for all vectors and threads.
inline std::int64_t piece_length(std::int64_t in) {
  constexpr std::int64_t kVector = 16;  // the longest vector of floats
  return pieces(pieces(in, pieces(in, kLongestPiece)), kVector) * kVector;
}

// What one call computes: some rows of x by some rows of W.
struct StoredBlock {
  const StoredProduct* product = nullptr;
  std::int64_t first_row = 0;
  std::int64_t rows = 0;
  std::int64_t first_out = 0;
  std::int64_t outs = 0;
};

}  // namespace dnd::ops::cpu
