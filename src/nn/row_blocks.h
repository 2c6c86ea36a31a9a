// Blocks of rows of a sequence, small enough that what a layer makes of one stays in the cache.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "ops/blocks.h"

namespace dnd::nn {

// Rows of a block: with a feed-forward width of 1536 its inner values take 576 KiB.
inline constexpr std::int64_t kRowBlock = 96;

// Calls fn(first, rows) for the blocks of x (L, C); `rows` (n, C) is a view.
template <typename Function>
void for_row_blocks(const at::Tensor& x, Function fn) {
  for (std::int64_t i = 0; i * kRowBlock < x.size(0); ++i) {
    const ops::Range range = ops::piece_of(x.size(0), kRowBlock, i);
    fn(range.begin, x.narrow(0, range.begin, range.size));
  }
}

}  // namespace dnd::nn
