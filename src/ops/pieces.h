// Division that rounds up.
#pragma once

#include <cstdint>

namespace dnd::ops {

// Pieces of at most `piece` that make up `whole`.
constexpr std::int64_t pieces(std::int64_t whole, std::int64_t piece) {
  return (whole + piece - 1) / piece;
}

}  // namespace dnd::ops
