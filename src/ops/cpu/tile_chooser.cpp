#include <cstdint>
#include <limits>
#include <utility>

#include "ops/cpu/fft_convolution.h"
#include "ops/cpu/fft_kernels.h"

namespace dnd::ops {
namespace {

constexpr std::int64_t kMinTile = 8;
constexpr std::int64_t kMaxTile = 48;

// Vector operations of a plan, weighted by what was measured of each stage (docs/performance.md).
double cost(const ConvShape& shape, std::int64_t tile_rows, std::int64_t tile_columns,
            std::int64_t lanes) {
  const auto number = [](std::int64_t n) { return static_cast<double>(n); };
  const AxisTiles rows = cut_axis(shape.rows, shape.kernel, tile_rows);
  const AxisTiles columns = cut_axis(shape.columns, shape.kernel, tile_columns);
  const double tiles = number(rows.count * columns.count);
  const double bins = number(tile_rows / 2 * tile_columns + 2);
  const double in_groups = number((shape.in_channels + lanes - 1) / lanes);
  const double out_groups = number((shape.out_channels + lanes - 1) / lanes);
  const double pairs = number(shape.in_channels) * out_groups;
  const double transform = bins * (number(tile_rows + tile_columns) / 2.0 + 12.0);
  const double products = 3.0 * bins * tiles * pairs;
  const double weights = bins * 13.0 * pairs;
  const double inputs = transform * tiles * in_groups;
  const double outputs = transform * tiles * out_groups;
  return products + weights + 1.5 * (inputs + outputs);
}

}  // namespace

FftPlan plan_fft(const ConvShape& shape) {
  const std::int64_t lanes = fft::lanes();
  double best = std::numeric_limits<double>::infinity();
  std::pair<std::int64_t, std::int64_t> tile;
  const std::int64_t first = shape.kernel + 1 > kMinTile ? shape.kernel + 1 : kMinTile;
  for (std::int64_t rows = first; rows <= kMaxTile; rows += 2) {
    for (std::int64_t columns = first; columns <= kMaxTile; columns += 2) {
      const double value = cost(shape, rows, columns, lanes);
      if (value < best) {
        best = value;
        tile = {rows, columns};
      }
    }
  }
  return {shape, tile.first, tile.second, lanes};
}

}  // namespace dnd::ops
