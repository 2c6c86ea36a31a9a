// The kernel of merging: adds a low-rank product to rows of a weight, W += B A.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/dtype.h"

namespace dnd::merge {

// A block of rows of a weight and what is added to it.
struct LowRankUpdate {
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::span<const float* const> a;  // R rows of `columns` values
  std::span<const float> b;         // (rows, R), C order, the adapter's scale included
};

// `weights` is (rows, columns) in C order, of type f32, f16 or bf16 (another is Error(internal)),
// and is changed in place: sum = b[o, 0] a[0, i] + b[o, 1] a[1, i] + ... in fp32 and in that order,
// then W + sum, then one rounding to nearest even. So an element has the same bits however the
// weight is cut into blocks; processors with and without fused multiply-add may differ in the last
// bit of the sum. False if a result is not finite in its type; the block is then half-way.
bool add_low_rank(Dtype dtype, std::span<std::byte> weights, const LowRankUpdate& update);

}  // namespace dnd::merge
