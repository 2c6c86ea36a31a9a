// Work over blocks of one dimension.
#pragma once

#include <cstdint>
#include <functional>

#include "ops/workers.h"

namespace dnd::ops {

// A half-open range of indices.
struct Range {
  std::int64_t begin = 0;
  std::int64_t size = 0;
};

// Range `index` of `size` cut into pieces of at most `piece`.
Range piece_of(std::int64_t size, std::int64_t piece, std::int64_t index);

// Calls fn(range) for pieces of 0..size-1 on all workers. The piece size depends on `size` alone.
void for_pieces(const Workers& workers, std::int64_t size, const std::function<void(Range)>& fn);

}  // namespace dnd::ops
