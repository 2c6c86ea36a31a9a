// Tiles of the input -> frequencies.
#include "ops/cpu/fft_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/cpu/fft_input.cpp"
#include <hwy/foreach_target.h>  // first of Highway's headers

#include "ops/cpu/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dnd::ops::fft::HWY_NAMESPACE {

std::int64_t lanes() { return kLanes; }

struct InputScratch {
  explicit InputScratch(const FftPlan& plan, float* at)
      : tile(at),
        row_even(tile + plan.rows.size * plan.columns.size * kLanes),
        row_odd(row_even + spectrum(plan)),
        row_cos(row_odd + spectrum(plan)),
        row_sin(row_cos + spectrum(plan)),
        even(row_sin + spectrum(plan)),
        odd(even + plan.column_sums_floats()),
        cos(odd + plan.column_sums_floats()),
        sin(cos + plan.column_sums_floats()) {}

  static std::int64_t spectrum(const FftPlan& plan) {
    return plan.row_sums_floats(plan.columns.size);
  }
  float* tile;                                    // [rows][columns]
  float *row_even, *row_odd, *row_cos, *row_sin;  // [rows/2 + 1][columns]
  float *even, *odd, *cos, *sin;                  // [columns/2 + 1][real, imaginary]
};

// Where a tile lies on the plane, and the channels that are taken.
struct TilePlace {
  std::int64_t image, row, column;  // the tile's first point, may be negative
  std::int64_t channel, channels;
};

std::int64_t first_inside(std::int64_t begin) { return std::max<std::int64_t>(0, -begin); }

// One row of a tile from column `begin` on, `count` points, all within the plane.
void load_points(const InputJob& job, const TilePlace& place, std::int64_t row, std::int64_t begin,
                 std::int64_t count, float* to) {
  const auto& x = job.x;
  const float* from = x.data + place.image * x.image + place.channel * x.channel + row * x.row +
                      (place.column + begin) * x.column;
  if (x.channel == 1) {
    for (std::int64_t i = 0; i < count; ++i, from += x.column, to += kLanes) {
      if (place.channels == kLanes) {
        store(load(from), to);
      } else {
        std::copy(from, from + place.channels, to);
        std::fill(to + place.channels, to + kLanes, 0.0F);
      }
    }
    return;
  }
  const float* rows[static_cast<std::size_t>(kLanes)];
  for (std::int64_t i = 0; i < kLanes; ++i) {
    rows[i] = from + std::min(i, place.channels - 1) * x.channel;
  }
  gather_rows(rows, count, to);
  if (place.channels == kLanes) return;
  const auto inside = hn::FirstN(kFloats, static_cast<std::size_t>(place.channels));
  for (std::int64_t i = 0; i < count; ++i) {
    store(hn::IfThenElseZero(inside, load(to + i * kLanes)), to + i * kLanes);
  }
}

void load_tile(const InputJob& job, const TilePlace& place, float* tile) {
  const FftPlan& plan = job.plan;
  const std::int64_t columns = plan.columns.size;
  const std::int64_t begin = first_inside(place.column);
  const std::int64_t end = std::min(columns, plan.shape.columns - place.column);
  for (std::int64_t i = 0; i < plan.rows.size; ++i) {
    float* to = tile + i * columns * kLanes;
    const std::int64_t row = place.row + i;
    if (row < 0 || row >= plan.shape.rows) {
      std::fill(to, to + columns * kLanes, 0.0F);
      continue;
    }
    std::fill(to, to + begin * kLanes, 0.0F);
    load_points(job, place, row, begin, end - begin, to + begin * kLanes);
    std::fill(to + end * kLanes, to + columns * kLanes, 0.0F);
  }
  if (!job.round_to_bf16) return;
  for (std::int64_t i = 0; i < plan.rows.size * columns; ++i) {
    store(round_to_bf16(load(tile + i * kLanes)), tile + i * kLanes);
  }
}

// Along the rows: the real points of the tile -> C and S of every column.
void transform_rows(const FftPlan& plan, const InputScratch& s) {
  const std::int64_t size = plan.rows.size;
  const std::int64_t half = size / 2;
  const std::int64_t step = plan.columns.size * kLanes;
  std::copy(s.tile, s.tile + step, s.row_even);
  std::copy(s.tile + half * step, s.tile + (half + 1) * step, s.row_even + half * step);
  for (std::int64_t n = 1; n < half; ++n) {
    const float* a = s.tile + n * step;
    const float* b = s.tile + (size - n) * step;
    for (std::int64_t i = 0; i < step; i += kLanes) {
      const Vector x = load(a + i);
      const Vector y = load(b + i);
      store(hn::Add(x, y), s.row_even + n * step + i);
      store(hn::Sub(x, y), s.row_odd + n * step + i);
    }
  }
  cosine_and_sine_sums(plan.row_dft, s.row_even, s.row_odd, step, plan.columns.size / 2, s.row_cos,
                       s.row_sin);
}

// Along the columns, one row of frequencies `re + i im`: sums of both parts.
void transform_columns(const FftPlan& plan, const float* re, const float* im, float sign,
                       const InputScratch& s) {
  const std::int64_t size = plan.columns.size;
  const std::int64_t half = size / 2;
  const Vector factor = broadcast(sign);
  const auto part = [&](const float* from, Vector scale, std::int64_t at) HWY_ATTR {
    store(hn::Mul(scale, load(from)), s.even + at);
    store(hn::Mul(scale, load(from + half * kLanes)), s.even + half * 2 * kLanes + at);
    for (std::int64_t n = 1; n < half; ++n) {
      const Vector x = hn::Mul(scale, load(from + n * kLanes));
      const Vector y = hn::Mul(scale, load(from + (size - n) * kLanes));
      store(hn::Add(x, y), s.even + n * 2 * kLanes + at);
      store(hn::Sub(x, y), s.odd + n * 2 * kLanes + at);
    }
  };
  part(re, broadcast(1.0F), 0);
  part(im, factor, kLanes);
  cosine_and_sine_sums(plan.column_dft, s.even, s.odd, 2 * kLanes, 1, s.cos, s.sin);
}

// The operands of Gauss's three products.
HWY_INLINE void store_bin(Vector re, Vector im, std::int64_t part, float* to) {
  store(hn::Add(re, im), to);
  store(re, to + part);
  store(im, to + 2 * part);
}

struct BinSums {
  Vector cos_re, cos_im, sin_re, sin_im;
};

HWY_INLINE BinSums sums_at(const InputScratch& s, std::int64_t c) {
  const std::int64_t at = c * 2 * kLanes;
  return {load(s.cos + at), load(s.cos + at + kLanes), load(s.sin + at), load(s.sin + at + kLanes)};
}

// Slab 0: the two rows are each the transform of real values, of the real and the imaginary part.
void store_first_slab(const FftPlan& plan, const InputScratch& s, float* to) {
  const std::int64_t half = plan.columns.size / 2;
  const std::int64_t part = plan.tiles * kLanes;
  const Vector zero = hn::Zero(kFloats);
  for (std::int64_t c = 0; c <= half; ++c) {
    const BinSums sums = sums_at(s, c);
    store_bin(sums.cos_re, hn::Sub(zero, sums.sin_re), part, to + c * 3 * part);
    store_bin(sums.cos_im, hn::Sub(zero, sums.sin_im), part, to + (half + 1 + c) * 3 * part);
  }
}

void store_slab(const FftPlan& plan, const InputScratch& s, float* to) {
  const std::int64_t size = plan.columns.size;
  const std::int64_t part = plan.tiles * kLanes;
  for (std::int64_t c = 0; c <= size / 2; ++c) {
    const BinSums sums = sums_at(s, c);
    store_bin(hn::Add(sums.cos_re, sums.sin_im), hn::Sub(sums.cos_im, sums.sin_re), part,
              to + c * 3 * part);
    if (c == 0 || c == size / 2) continue;
    store_bin(hn::Sub(sums.cos_re, sums.sin_im), hn::Add(sums.cos_im, sums.sin_re), part,
              to + (size - c) * 3 * part);
  }
}

void transform_input(const InputJob& job, std::int64_t image, std::int64_t tile_row,
                     std::int64_t group, float* scratch) {
  const FftPlan& plan = job.plan;
  const InputScratch s(plan, scratch);
  const std::int64_t half_kernel = plan.shape.kernel / 2;
  const std::int64_t channel = group * kLanes;
  const std::int64_t row_floats = plan.columns.size * kLanes;
  for (std::int64_t column = 0; column < plan.columns.count; ++column) {
    const std::int64_t tile = (image * plan.rows.count + tile_row) * plan.columns.count + column;
    load_tile(job,
              {image, (plan.first_row + tile_row) * plan.rows.step - half_kernel,
               (plan.first_column + column) * plan.columns.step - half_kernel, channel,
               std::min(kLanes, plan.shape.in_channels - channel)},
              s.tile);
    transform_rows(plan, s);
    for (std::int64_t slab = 0; slab < plan.slabs; ++slab) {
      float* to = job.transformed + plan.input_offset(slab) +
                  group * plan.bins_of(slab) * 3 * plan.tiles * kLanes + tile * kLanes;
      if (slab == 0) {
        transform_columns(plan, s.row_cos, s.row_cos + plan.slabs * row_floats, 1.0F, s);
        store_first_slab(plan, s, to);
      } else {
        transform_columns(plan, s.row_cos + slab * row_floats, s.row_sin + slab * row_floats, -1.0F,
                          s);
        store_slab(plan, s, to);
      }
    }
  }
}

}  // namespace dnd::ops::fft::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dnd::ops::fft {

HWY_EXPORT(lanes);
HWY_EXPORT(transform_input);

std::int64_t lanes() { return HWY_DYNAMIC_DISPATCH(lanes)(); }

std::int64_t input_scratch_floats(const FftPlan& plan) {
  return plan.rows.size * plan.columns.size * plan.lanes +
         4 * plan.row_sums_floats(plan.columns.size) + 4 * plan.column_sums_floats();
}

void transform_input(const InputJob& job, std::int64_t image, std::int64_t tile_row,
                     std::int64_t group, float* scratch) {
  HWY_DYNAMIC_DISPATCH(transform_input)(job, image, tile_row, group, scratch);
}

}  // namespace dnd::ops::fft
#endif  // HWY_ONCE
