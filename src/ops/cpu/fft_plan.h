// How one convolution is done in the transform domain: sizes, tiles and the order of work.
#pragma once

#include <cstdint>

#include "ops/cpu/dft_tables.h"
#include "ops/pieces.h"

namespace dnd::ops {

// Stride 1, `same` padding, square kernel of odd size.
struct ConvShape {
  std::int64_t images = 1;
  std::int64_t in_channels = 0;
  std::int64_t out_channels = 0;
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::int64_t kernel = 0;
};

// Tiles that are taken through all stages at once.
struct Chunk {
  std::int64_t rows = 0;
  std::int64_t columns = 0;
};

// One axis of the plane cut into tiles: tile i covers the inputs i * step - kernel/2 ... + size - 1 and
// gives the outputs i * step ... + step - 1.
struct AxisTiles {
  std::int64_t size = 0;  // even
  std::int64_t step = 0;  // outputs of a tile
  std::int64_t count = 0;
};

// The tiles of an axis of n points: overlapping by kernel - 1 points, or a single circular one where
// size >= n + kernel/2 (what wraps around reaches only outputs beyond the plane).
AxisTiles cut_axis(std::int64_t n, std::int64_t kernel, std::int64_t size);

// Tile sizes and loop sizes. All depend on the shape of one image and on `lanes`: neither on the
// number of threads nor on that of images, so neither changes a result.
struct FftPlan {
  FftPlan(const ConvShape& shape, std::int64_t tile_rows, std::int64_t tile_columns,
          std::int64_t lanes);

  ConvShape shape;
  std::int64_t lanes;  // floats of a vector: channels are handled in groups of so many
  AxisTiles rows, columns;
  std::int64_t tiles;          // of all images
  std::int64_t first_row = 0;  // tile rows and columns before these belong to others (part())
  std::int64_t first_column = 0;
  // The rows of frequencies along the first axis, 0 and size/2 together as the first: both are real.
  std::int64_t slabs;
  std::int64_t first_bins;    // frequencies of slab 0
  std::int64_t bins;          // of every other slab
  std::int64_t in_groups;     // groups of `lanes` input channels
  std::int64_t block_inputs;  // input channels whose weights are transformed at once
  std::int64_t out_blocks;    // blocks of 2 x lanes output channels

  DftTables row_dft, column_dft;
  KernelTables row_kernel, column_kernel;

  // The same for so many images.
  FftPlan of_images(std::int64_t images) const;
  // The same for a part of the tiles: `row_count` rows of them from `row` on, and likewise columns.
  FftPlan part(std::int64_t row, std::int64_t row_count, std::int64_t column,
               std::int64_t column_count) const;

  std::int64_t bins_of(std::int64_t slab) const { return slab == 0 ? first_bins : bins; }
  // Vectors of `lanes` channels that block `block` has: 2, or 1 where no more channels are left.
  std::int64_t vectors_of(std::int64_t block) const {
    return block * 2 * lanes + lanes < shape.out_channels ? 2 : 1;
  }
  // Transformed inputs: [slab][group][bin][3][tile][lanes] floats.
  std::int64_t input_slab_floats(std::int64_t slab) const {
    return in_groups * bins_of(slab) * 3 * tiles * lanes;
  }
  std::int64_t input_offset(std::int64_t slab) const {
    return slab == 0 ? 0 : input_slab_floats(0) + (slab - 1) * input_slab_floats(1);
  }
  std::int64_t input_floats() const { return input_offset(slabs); }
  // Products of a block of output channels: [slab][bin][3][tile][vectors][lanes] floats.
  std::int64_t product_offset(std::int64_t slab, std::int64_t vectors) const {
    const std::int64_t before = slab == 0 ? 0 : first_bins + (slab - 1) * bins;
    return before * 3 * tiles * vectors * lanes;
  }
  std::int64_t product_floats(std::int64_t vectors) const { return product_offset(slabs, vectors); }
  // Sums along the rows for `count` columns, [rows/2 + 1][count] vectors; along the columns of one row,
  // [columns/2 + 1][real, imaginary] vectors.
  std::int64_t row_sums_floats(std::int64_t count) const {
    return (row_dft.half + 1) * count * lanes;
  }
  std::int64_t column_sums_floats() const { return (column_dft.half + 1) * 2 * lanes; }
  // Columns of a tile's outputs in whole pairs of vectors.
  std::int64_t output_columns() const { return pieces(columns.step, 2) * 2; }
  // Transformed weights of one slab: [bin][real, imaginary] rows of [input][vectors][lanes] and a
  // little more, so that rows do not all begin in the same cache set.
  std::int64_t weight_row_floats() const { return block_inputs * 2 * lanes + 16; }
  std::int64_t weight_bin_floats() const { return 2 * weight_row_floats(); }
};

// A view of channels x rows x columns of fp32 values; strides in floats. The channels or the columns
// are contiguous.
template <typename T>
struct PlaneView {
  T* data = nullptr;
  std::int64_t image = 0;
  std::int64_t channel = 0;
  std::int64_t row = 0;
  std::int64_t column = 0;
};

}  // namespace dnd::ops
