// Frequencies -> tiles of the output.
#include "ops/cpu/fft_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/cpu/fft_output.cpp"
#include <hwy/foreach_target.h>  // first of Highway's headers

#include "ops/cpu/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dnd::ops::fft::HWY_NAMESPACE {

struct OutputScratch {
  OutputScratch(const FftPlan& plan, float* at)
      : even(at),
        odd(even + plan.column_sums_floats()),
        cos(odd + plan.column_sums_floats()),
        sin(cos + plan.column_sums_floats()),
        row_even(sin + plan.column_sums_floats()),
        row_odd(row_even + spectrum(plan)),
        row_cos(row_odd + spectrum(plan)),
        row_sin(row_cos + spectrum(plan)),
        points(row_sin + spectrum(plan)) {}

  static std::int64_t spectrum(const FftPlan& plan) {
    return plan.row_sums_floats(plan.output_columns());
  }

  float *even, *odd, *cos, *sin;                  // [columns/2 + 1][real, imaginary]
  float *row_even, *row_odd, *row_cos, *row_sin;  // [rows/2 + 1][columns of outputs]
  float* points;                                  // one row of outputs
};

// The products of one tile and one vector of channels.
struct Products {
  const float* at;
  std::int64_t part;  // floats between the three products of a frequency

  HWY_INLINE Vector real(std::int64_t bin) const {
    return hn::Sub(load(at + bin * 3 * part), load(at + (bin * 3 + 2) * part));
  }
  HWY_INLINE Vector imaginary(std::int64_t bin) const {
    return hn::Add(load(at + bin * 3 * part), load(at + (bin * 3 + 1) * part));
  }
};

HWY_INLINE void store_pair(Vector re, Vector im, std::int64_t n, float* to) {
  store(re, to + n * 2 * kLanes);
  store(im, to + n * 2 * kLanes + kLanes);
}

// Both real rows as one: a + i b.
void unfold_first_slab(const FftPlan& plan, const Products& p, const OutputScratch& s) {
  const std::int64_t half = plan.columns.size / 2;
  for (std::int64_t c = 0; c <= half; ++c) {
    const Vector a = p.real(c);
    const Vector b = p.real(half + 1 + c);
    if (c == 0 || c == half) {
      store_pair(a, b, c, s.even);
      continue;
    }
    const Vector a_im = p.imaginary(c);
    const Vector b_im = p.imaginary(half + 1 + c);
    store_pair(hn::Add(a, a), hn::Add(b, b), c, s.even);
    store_pair(hn::Neg(hn::Add(b_im, b_im)), hn::Add(a_im, a_im), c, s.odd);
  }
}

void unfold_slab(const FftPlan& plan, const Products& p, const OutputScratch& s) {
  const std::int64_t size = plan.columns.size;
  const std::int64_t half = size / 2;
  store_pair(p.real(0), p.imaginary(0), 0, s.even);
  store_pair(p.real(half), p.imaginary(half), half, s.even);
  for (std::int64_t c = 1; c < half; ++c) {
    const Vector re = p.real(c);
    const Vector im = p.imaginary(c);
    const Vector mirror_re = p.real(size - c);
    const Vector mirror_im = p.imaginary(size - c);
    store_pair(hn::Add(re, mirror_re), hn::Add(im, mirror_im), c, s.even);
    store_pair(hn::Sub(re, mirror_re), hn::Sub(im, mirror_im), c, s.odd);
  }
}

// Point j of the tile from the sums along the columns.
struct Complex {
  Vector re, im;
};
HWY_INLINE Complex point_at(const OutputScratch& s, std::int64_t j, std::int64_t size) {
  const std::int64_t at = std::min(j, size - j) * 2 * kLanes;
  const Vector cos_re = load(s.cos + at);
  const Vector cos_im = load(s.cos + at + kLanes);
  const Vector sin_re = load(s.sin + at);
  const Vector sin_im = load(s.sin + at + kLanes);
  if (2 * j <= size) return {hn::Sub(cos_re, sin_im), hn::Add(cos_im, sin_re)};
  return {hn::Add(cos_re, sin_im), hn::Sub(cos_im, sin_re)};
}

// One row of frequencies back along the columns, as the e and o of the rows' sums.
void restore_columns(const FftPlan& plan, std::int64_t slab, const Products& p,
                     const OutputScratch& s) {
  if (slab == 0) {
    unfold_first_slab(plan, p, s);
  } else {
    unfold_slab(plan, p, s);
  }
  cosine_and_sine_sums(plan.column_dft, s.even, s.odd, 2 * kLanes, 1, s.cos, s.sin);
  const std::int64_t size = plan.columns.size;
  const std::int64_t half_kernel = plan.shape.kernel / 2;
  const std::int64_t step = plan.output_columns() * kLanes;
  const auto points = static_cast<float>(plan.rows.size * size);
  const Vector scale = broadcast((slab == 0 ? 1.0F : 2.0F) / points);
  float* re_to = s.row_even + slab * step;
  float* im_to = slab == 0 ? s.row_even + plan.row_dft.half * step : s.row_odd + slab * step;
  for (std::int64_t j = 0; j < plan.output_columns(); ++j) {
    const std::int64_t wrapped = (j + half_kernel) % size;
    const Complex value = point_at(s, wrapped, size);
    store(hn::Mul(scale, value.re), re_to + j * kLanes);
    store(hn::Mul(scale, value.im), im_to + j * kLanes);
  }
}

struct OutputPlace {
  std::int64_t image, row, column;  // the tile's first output
  std::int64_t channel, channels;
};

void store_points(const OutputJob& job, const OutputPlace& place, std::int64_t row,
                  const float* points) {
  const auto& y = job.y;
  const std::int64_t count = std::min(job.plan.columns.step, job.plan.shape.columns - place.column);
  float* to = y.data + place.image * y.image + place.channel * y.channel + row * y.row +
              place.column * y.column;
  if (y.channel == 1) {
    for (std::int64_t j = 0; j < count; ++j, to += y.column, points += kLanes) {
      if (place.channels == kLanes) {
        store(load(points), to);
      } else {
        std::copy(points, points + place.channels, to);
      }
    }
    return;
  }
  float* rows[static_cast<std::size_t>(kLanes)];
  for (std::int64_t i = 0; i < kLanes; ++i) {
    rows[i] = to + std::min(i, place.channels - 1) * y.channel;
  }
  scatter_rows(points, count, place.channels, rows);
}

// The rows' sums -> rows of outputs, with the bias of their channel.
void store_tile(const OutputJob& job, const OutputPlace& place, const OutputScratch& s) {
  const FftPlan& plan = job.plan;
  const std::int64_t size = plan.rows.size;
  const std::int64_t step = plan.output_columns() * kLanes;
  const std::int64_t count = std::min(plan.rows.step, plan.shape.rows - place.row);
  Vector bias = hn::Zero(kFloats);
  if (job.bias != nullptr) {
    HWY_ALIGN float values[static_cast<std::size_t>(kLanes)] = {};
    std::copy_n(job.bias + place.channel, place.channels, values);
    bias = load(values);
  }
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t j = (i + plan.shape.kernel / 2) % size;
    const float* cosines = s.row_cos + std::min(j, size - j) * step;
    const float* sines = s.row_sin + std::min(j, size - j) * step;
    for (std::int64_t at = 0; at < step; at += kLanes) {
      const Vector sum = 2 * j <= size ? hn::Sub(load(cosines + at), load(sines + at))
                                       : hn::Add(load(cosines + at), load(sines + at));
      store(hn::Add(sum, bias), s.points + at);
    }
    store_points(job, place, place.row + i, s.points);
  }
}

void transform_output(const OutputJob& job, std::int64_t image, std::int64_t tile_row,
                      std::int64_t block, const float* products, float* scratch) {
  const FftPlan& plan = job.plan;
  const OutputScratch s(plan, scratch);
  const std::int64_t vectors = plan.vectors_of(block);
  const std::int64_t part = plan.tiles * vectors * kLanes;
  const std::int64_t step = plan.output_columns() * kLanes;
  for (std::int64_t column = 0; column < plan.columns.count; ++column) {
    const std::int64_t tile = (image * plan.rows.count + tile_row) * plan.columns.count + column;
    for (std::int64_t v = 0; v < vectors; ++v) {
      for (std::int64_t slab = 0; slab < plan.slabs; ++slab) {
        const float* at =
            products + plan.product_offset(slab, vectors) + (tile * vectors + v) * kLanes;
        restore_columns(plan, slab, {at, part}, s);
      }
      cosine_and_sine_sums(plan.row_dft, s.row_even, s.row_odd, step, plan.output_columns() / 2,
                           s.row_cos, s.row_sin);
      const std::int64_t channel = (block * 2 + v) * kLanes;
      store_tile(job,
                 {image, (plan.first_row + tile_row) * plan.rows.step,
                  (plan.first_column + column) * plan.columns.step, channel,
                  std::min(kLanes, plan.shape.out_channels - channel)},
                 s);
    }
  }
}

}  // namespace dnd::ops::fft::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dnd::ops::fft {

HWY_EXPORT(transform_output);

std::int64_t output_scratch_floats(const FftPlan& plan) {
  return 4 * plan.column_sums_floats() + 4 * plan.row_sums_floats(plan.output_columns()) +
         plan.output_columns() * plan.lanes;
}

void transform_output(const OutputJob& job, std::int64_t image, std::int64_t tile_row,
                      std::int64_t block, const float* products, float* scratch) {
  HWY_DYNAMIC_DISPATCH(transform_output)(job, image, tile_row, block, products, scratch);
}

}  // namespace dnd::ops::fft
#endif  // HWY_ONCE
