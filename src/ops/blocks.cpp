#include "ops/blocks.h"

#include <algorithm>

#include "ops/pieces.h"

namespace dnd::ops {

Range piece_of(std::int64_t size, std::int64_t piece, std::int64_t index) {
  const std::int64_t begin = index * piece;
  return {begin, std::min(piece, size - begin)};
}

void for_pieces(const Workers& workers, std::int64_t size, const std::function<void(Range)>& fn) {
  constexpr std::int64_t kPieces = 16;
  const std::int64_t piece = std::max<std::int64_t>(1, pieces(size, kPieces));
  workers.run(pieces(size, piece), [&](std::int64_t index) { fn(piece_of(size, piece, index)); });
}

}  // namespace dnd::ops
