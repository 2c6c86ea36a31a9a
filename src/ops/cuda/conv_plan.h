// How one convolution is done on a device: tiles, sizes and layouts of the three stages.
//
// A tile of u x v points goes to u.tile * (v.tile/2 + 1) frequencies; for each of these one matrix
// product runs over all tiles and channels:
//   inputs   X  [bin][part][tile][padded_in]                 fp16, part: real, imaginary
//   weights  W  [bin][part][padded_out][padded_in]           fp16, conjugated
//   products Y  [bin][part of X][tile][part of W][padded_out] fp16, times 2^product_exponent()
// so that one real product of 2 tiles x 2 outputs holds all four of the complex one.
#pragma once

#include <cstdint>

#include "ops/cuda/host_device.h"

namespace dnd::ops::cuda {

// The largest kernel that the kernels' shared memory is laid out for.
constexpr int kMaxKernel = 11;

// The lengths of tiles: those whose transforms have code (with_tile()).
constexpr int kTiles[] = {10, 12, 14, 16, 20, 24, 32, 48};
constexpr int kMaxTile = 48;

// Stride 1, `same` padding, square kernel of odd size.
struct ConvShape {
  int images = 1;
  int in_channels = 0;
  int out_channels = 0;
  int rows = 0;
  int columns = 0;
  int kernel = 0;
};

// Tile i covers the inputs i * step - kernel/2 ... + tile - 1 and gives the outputs i * step ... +
// step - 1. They overlap by kernel - 1 points, or a single circular one holds the axis: where tile
// >= points + kernel/2, what wraps around meets the zeros beside the plane.
struct Axis {
  int points = 0;
  int tile = 0;  // even
  int step = 0;
  int count = 0;
};
Axis cut_axis(int points, int kernel, int tile);

// Element strides of channels and the two axes of a plane.
struct Strides {
  std::int64_t image = 0;
  std::int64_t channel = 0;
  std::int64_t row = 0;
  std::int64_t column = 0;
};

struct ConvPlan {
  int images = 0;
  int in_channels = 0;
  int out_channels = 0;
  int kernel = 0;
  bool v_is_rows = false;  // the axis whose spectrum is halved: the one with the longer tile
  Axis u, v;
  int bins_v = 0;     // v.tile/2 + 1
  int bins = 0;       // u.tile * bins_v; bin = frequency of v * u.tile + frequency of u
  int tiles = 0;      // of all images; tile = (image * u.count + tile of u) * v.count + tile of v
  int padded_in = 0;  // channels in whole eights (16 bytes of fp16), zeros beyond the true ones
  int padded_out = 0;
  int log2_area = 0;   // 2^log2_area >= u.tile * v.tile
  int log2_depth = 0;  // 2^log2_depth >= in_channels

  // Frequencies of inputs and of weights are at most 2^15 (range_exponent()), so that products of this
  // scale are as well, whatever the values are.
  DND_HD int product_exponent() const { return -(15 + log2_depth); }

  DND_HD std::int64_t stride_u(const Strides& s) const { return v_is_rows ? s.column : s.row; }
  DND_HD std::int64_t stride_v(const Strides& s) const { return v_is_rows ? s.row : s.column; }

  DND_HD std::int64_t input_index(int bin, int part, int tile, int channel) const {
    return ((std::int64_t{bin} * 2 + part) * tiles + tile) * padded_in + channel;
  }
  DND_HD std::int64_t weight_index(int bin, int part, int out, int in) const {
    return ((std::int64_t{bin} * 2 + part) * padded_out + out) * padded_in + in;
  }
  DND_HD std::int64_t product_index(int bin, int x_part, int tile, int w_part, int out) const {
    return (((std::int64_t{bin} * 2 + x_part) * tiles + tile) * 2 + w_part) * padded_out + out;
  }
  // Elements of X, W and Y.
  std::int64_t input_size() const { return input_index(bins, 0, 0, 0); }
  std::int64_t weight_size() const { return weight_index(bins, 0, 0, 0); }
  std::int64_t product_size() const { return product_index(bins, 0, 0, 0, 0); }
};

// Of planes in C order of (images, channels, rows, columns).
inline Strides strides_in_order(const ConvPlan& plan, int channels) {
  const std::int64_t columns = plan.v_is_rows ? plan.u.points : plan.v.points;
  const std::int64_t plane = std::int64_t{plan.u.points} * plan.v.points;
  return {channels * plane, plane, columns, 1};
}

// Where a tile lies.
struct TilePlace {
  int image;
  int u;  // first output along u
  int v;
};
DND_HD inline TilePlace place_of(const ConvPlan& plan, int tile) {
  const int tile_v = tile % plan.v.count;
  const int tile_u = tile / plan.v.count % plan.u.count;
  return {tile / plan.v.count / plan.u.count, tile_u * plan.u.step, tile_v * plan.v.step};
}

// Throws Error(data) for sizes that have no code here: a kernel that is even or above kMaxKernel,
// sizes below 1 or so large that an index overflows.
ConvPlan make_plan(const ConvShape& shape, int tile_rows, int tile_columns);

// The same for another number of images. Throws Error(data) where there would be too many tiles.
ConvPlan for_images(ConvPlan plan, int images);

// Milliseconds of the three stages by a model of an H200 that nothing has confirmed yet.
struct PlanCost {
  double input = 0.0;
  double product = 0.0;
  double output = 0.0;
  double total() const { return input + product + output; }
};
PlanCost cost_of(const ConvPlan& plan);

// The plan of the lowest cost over kTiles on each axis.
ConvPlan choose_plan(const ConvShape& shape);

}  // namespace dnd::ops::cuda
