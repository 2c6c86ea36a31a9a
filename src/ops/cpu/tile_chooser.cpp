#include <algorithm>
#include <cstdint>
#include <limits>

#include "ops/cpu/fft_convolution.h"
#include "ops/cpu/fft_kernels.h"

namespace dnd::ops {
namespace {

constexpr std::int64_t kMinTile = 8;
constexpr std::int64_t kMaxTile = 48;
// What a chunk's frequencies and products may fill: a thread's share of the last cache.
constexpr double kChunkBytes = 6 << 20;

double number(std::int64_t n) { return static_cast<double>(n); }

// Vector operations, weighted by what was measured of each stage.
struct Cost {
  double weights = 0.0;  // of one pass over them
  double the_rest = 0.0;
  double memory = 0.0;      // where frequencies and products do not stay in the cache
  double tile_bytes = 0.0;  // of frequencies and products
};

Cost cost_of(const ConvShape& shape, const AxisTiles& rows, const AxisTiles& columns,
             std::int64_t lanes) {
  const double tiles = number(rows.count * columns.count);
  const double bins = number(rows.size / 2 * columns.size + 2);
  const double in_groups = number(pieces(shape.in_channels, lanes));
  const double out_groups = number(pieces(shape.out_channels, lanes));
  const double pairs = number(shape.in_channels) * out_groups;
  const double area = number(shape.kernel * shape.kernel);
  const double transform = 1.5 * bins * (number(rows.size + columns.size) / 2.0 + 12.0);
  const double vectors = 3.0 * bins * (in_groups + out_groups);
  return {pairs * (10.5 * bins + 14.0 * area),
          tiles * (3.0 * bins * pairs + transform * (in_groups + out_groups)),
          tiles * vectors * 5.0 * number(lanes), vectors * number(lanes) * 4.0};
}

// Tiles of a chunk whose frequencies stay in the cache.
Chunk cached_chunk(const Cost& cost, const AxisTiles& rows, const AxisTiles& columns) {
  const auto tiles =
      std::max<std::int64_t>(1, static_cast<std::int64_t>(kChunkBytes / cost.tile_bytes));
  if (tiles < columns.count) return {1, tiles};
  return {std::min(rows.count, tiles / columns.count), columns.count};
}

struct Choice {
  std::int64_t rows = 0, columns = 0;
  Chunk chunk;
  double cost = std::numeric_limits<double>::infinity();
};

void consider(const ConvShape& shape, std::int64_t tile_rows, std::int64_t tile_columns,
              std::int64_t lanes, Choice& best) {
  const AxisTiles rows = cut_axis(shape.rows, shape.kernel, tile_rows);
  const AxisTiles columns = cut_axis(shape.columns, shape.kernel, tile_columns);
  const Cost cost = cost_of(shape, rows, columns, lanes);
  const Chunk cached = cached_chunk(cost, rows, columns);
  const std::int64_t chunks =
      pieces(rows.count, cached.rows) * pieces(columns.count, cached.columns);
  const double whole = cost.weights + cost.the_rest + (chunks > 1 ? cost.memory : 0.0);
  const double chunked = cost.weights * number(chunks) + cost.the_rest;
  if (std::min(whole, chunked) >= best.cost) return;
  best = {tile_rows, tile_columns, {rows.count, columns.count}, std::min(whole, chunked)};
  if (chunked < whole) best.chunk = cached;
}

}  // namespace

ChosenPlan plan_fft(const ConvShape& shape) {
  const std::int64_t lanes = fft::lanes();
  const std::int64_t first = std::max(shape.kernel + 1, kMinTile);
  Choice best;
  for (std::int64_t rows = first; rows <= kMaxTile; rows += 2) {
    for (std::int64_t columns = first; columns <= kMaxTile; columns += 2) {
      consider(shape, rows, columns, lanes, best);
    }
  }
  return {{shape, best.rows, best.columns, lanes}, best.chunk};
}

}  // namespace dnd::ops
