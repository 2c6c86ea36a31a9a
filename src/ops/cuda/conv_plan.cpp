#include "ops/cuda/conv_plan.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <iterator>
#include <limits>

#include "base/strings.h"

namespace dnd::ops::cuda {
namespace {

constexpr int kChannelAlignment = 8;  // fp16 channels of 16 bytes

// Assumed of an H200: rates of fp16 tensor cores, memory and fp32 outside the tensor cores, and the
// time of a launch.
constexpr double kTensorFlops = 0.60 * 790e12;
constexpr double kBytesPerSecond = 0.85 * 4.3e12;
constexpr double kPlainFlops = 15e12;
constexpr double kLaunchSeconds = 2e-6;

double number(std::int64_t n) { return static_cast<double>(n); }

bool fits(int points, int kernel, int tile) {
  return tile >= kernel || tile >= points + kernel / 2;
}

// The least e for which 2^e >= value.
int log2_above(int value) {
  return static_cast<int>(std::bit_width(static_cast<unsigned>(value - 1)));
}

int rounded_up(int value, int multiple) { return pieces(value, multiple) * multiple; }

double transform_seconds(const ConvPlan& plan, int channels) {
  const double area = number(plan.u.tile) * number(plan.v.tile);
  const double transforms = number(plan.tiles) * number(channels);
  const double flops = transforms * 2.5 * area * std::log2(area);
  const double plane = number(plan.u.points) * number(plan.v.points);
  const double bytes =
      2.0 * number(plan.images) * number(channels) * plane + 4.0 * number(plan.bins) * transforms;
  return std::max(flops / kPlainFlops, bytes / kBytesPerSecond) + kLaunchSeconds;
}

double product_seconds(const ConvPlan& plan) {
  const int m = plan.tiles;
  const int n = plan.out_channels;
  const double outputs = std::min(number(rounded_up(m, 64)) * number(rounded_up(n, 8)),
                                  number(rounded_up(m, 8)) * number(rounded_up(n, 64)));
  const double flops = 8.0 * number(plan.bins) * number(rounded_up(plan.in_channels, 16)) * outputs;
  const double in = number(plan.in_channels);
  const double elements = in * number(n) + number(m) * in + number(m) * number(n);
  return std::max(flops / kTensorFlops, 4.0 * number(plan.bins) * elements / kBytesPerSecond) +
         kLaunchSeconds;
}

void check(const ConvShape& s, int tile_rows, int tile_columns) {
  constexpr int kMaxSize = 1 << 24;
  for (const int size : {s.images, s.in_channels, s.out_channels, s.rows, s.columns}) {
    if (size < 1 || size > kMaxSize) {
      fail(ErrorKind::data, "cuda: convolution with a size of ", size, ", expected 1 to ",
           kMaxSize);
    }
  }
  if (s.kernel < 1 || s.kernel % 2 == 0 || s.kernel > kMaxKernel) {
    fail(ErrorKind::data, "cuda: kernel size ", s.kernel, ", expected an odd one up to ",
         kMaxKernel, " (use device cpu)");
  }
  for (const int tile : {tile_rows, tile_columns}) {
    if (std::find(std::begin(kTiles), std::end(kTiles), tile) == std::end(kTiles)) {
      fail(ErrorKind::internal, "cuda: tile of ", tile, " points");
    }
  }
  if (!fits(s.rows, s.kernel, tile_rows) || !fits(s.columns, s.kernel, tile_columns)) {
    fail(ErrorKind::internal, "cuda: tile of ", tile_rows, " x ", tile_columns,
         " points for a kernel of ", s.kernel);
  }
}

}  // namespace

Axis cut_axis(int points, int kernel, int tile) {
  if (tile >= points + kernel / 2) return {points, tile, points, 1};
  const int step = tile - kernel + 1;
  return {points, tile, step, pieces(points, step)};
}

ConvPlan make_plan(const ConvShape& shape, int tile_rows, int tile_columns) {
  check(shape, tile_rows, tile_columns);
  const Axis rows = cut_axis(shape.rows, shape.kernel, tile_rows);
  const Axis columns = cut_axis(shape.columns, shape.kernel, tile_columns);
  ConvPlan plan;
  plan.in_channels = shape.in_channels;
  plan.out_channels = shape.out_channels;
  plan.kernel = shape.kernel;
  plan.v_is_rows = tile_rows > tile_columns;
  plan.u = plan.v_is_rows ? columns : rows;
  plan.v = plan.v_is_rows ? rows : columns;
  plan.bins_v = plan.v.tile / 2 + 1;
  plan.bins = plan.u.tile * plan.bins_v;
  plan.padded_in = rounded_up(shape.in_channels, kChannelAlignment);
  plan.padded_out = rounded_up(shape.out_channels, kChannelAlignment);
  plan.log2_area = log2_above(tile_rows * tile_columns);
  plan.log2_depth = log2_above(shape.in_channels);
  return for_images(plan, shape.images);
}

ConvPlan for_images(ConvPlan plan, int images) {
  const std::int64_t tiles = std::int64_t{plan.u.count} * plan.v.count;
  constexpr std::int64_t kMaxTiles = std::int64_t{1} << 30U;  // the product counts them twice
  if (tiles > kMaxTiles / images) {
    fail(ErrorKind::data, "cuda: ", images, " planes of ", plan.u.points, " x ", plan.v.points,
         " are too large");
  }
  plan.images = images;
  plan.tiles = static_cast<int>(tiles * images);
  return plan;
}

PlanCost cost_of(const ConvPlan& plan) {
  constexpr double kMilliseconds = 1e3;
  return {kMilliseconds * transform_seconds(plan, plan.in_channels),
          kMilliseconds * product_seconds(plan),
          kMilliseconds * transform_seconds(plan, plan.out_channels)};
}

ConvPlan choose_plan(const ConvShape& shape) {
  check(shape, kMaxTile, kMaxTile);
  ConvPlan best;
  double lowest = std::numeric_limits<double>::infinity();
  for (const int rows : kTiles) {
    for (const int columns : kTiles) {
      if (!fits(shape.rows, shape.kernel, rows) || !fits(shape.columns, shape.kernel, columns)) {
        continue;
      }
      const ConvPlan plan = make_plan(shape, rows, columns);
      const double cost = cost_of(plan).total();
      if (cost >= lowest) continue;
      lowest = cost;
      best = plan;
    }
  }
  return best;
}

}  // namespace dnd::ops::cuda
