#include "ops/cpu/fft_plan.h"

#include <algorithm>

namespace dnd::ops {
namespace {

// Input channels whose weights are transformed at once: their frequencies and the kernels they come
// from fill about this many bytes, what a core's second cache holds beside the products.
constexpr std::int64_t kBlockBytes = std::int64_t{800} << 10;

std::int64_t block_inputs(const FftPlan& plan) {
  const std::int64_t area = plan.shape.kernel * plan.shape.kernel;
  const std::int64_t input_bytes = (2 * plan.first_bins + area) * 2 * plan.lanes * 4;
  const std::int64_t groups = std::max<std::int64_t>(1, kBlockBytes / (input_bytes * plan.lanes));
  return std::min(groups, plan.in_groups) * plan.lanes;
}

}  // namespace

AxisTiles cut_axis(std::int64_t n, std::int64_t kernel, std::int64_t size) {
  if (size >= n + kernel / 2) return {size, n, 1};
  const std::int64_t step = size - kernel + 1;
  return {size, step, pieces(n, step)};
}

FftPlan::FftPlan(const ConvShape& of_shape, std::int64_t tile_rows, std::int64_t tile_columns,
                 std::int64_t of_lanes)
    : shape(of_shape),
      lanes(of_lanes),
      rows(cut_axis(shape.rows, shape.kernel, tile_rows)),
      columns(cut_axis(shape.columns, shape.kernel, tile_columns)),
      tiles(shape.images * rows.count * columns.count),
      slabs(tile_rows / 2),
      first_bins(tile_columns + 2),
      bins(tile_columns),
      in_groups(pieces(shape.in_channels, lanes)),
      block_inputs(dnd::ops::block_inputs(*this)),
      out_blocks(pieces(shape.out_channels, 2 * lanes)),
      row_dft(tile_rows),
      column_dft(tile_columns),
      row_kernel(tile_rows, shape.kernel / 2 + 1),
      column_kernel(tile_columns, shape.kernel / 2 + 1) {}

FftPlan FftPlan::of_images(std::int64_t images) const {
  FftPlan some = *this;
  some.shape.images = images;
  some.tiles = images * rows.count * columns.count;
  return some;
}

FftPlan FftPlan::part(std::int64_t row, std::int64_t row_count, std::int64_t column,
                      std::int64_t column_count) const {
  FftPlan some = *this;
  some.first_row = row;
  some.first_column = column;
  some.rows.count = row_count;
  some.columns.count = column_count;
  some.tiles = shape.images * row_count * column_count;
  return some;
}

}  // namespace dnd::ops
