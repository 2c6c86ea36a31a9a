// Weights -> frequencies, block by block in the cache. Part of fft_product.cpp, compiled once per
// instruction set (Highway's pattern for such headers, hence the guard).
#if defined(DND_OPS_CPU_FFT_WEIGHTS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DND_OPS_CPU_FFT_WEIGHTS_INL_H_
#undef DND_OPS_CPU_FFT_WEIGHTS_INL_H_
#else
#define DND_OPS_CPU_FFT_WEIGHTS_INL_H_
#endif

#include <hwy/cache_control.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "ops/cpu/fft_kernels.h"
#include "ops/cpu/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dnd::ops::fft::HWY_NAMESPACE {

// A block of weights: output channels in one or two vectors, and the input channels whose weights are
// transformed at once.
struct Block {
  std::int64_t index;  // of the output channels
  std::int64_t vectors;
  std::int64_t in_channel, inputs;
};

// Of a line of the cache.
constexpr std::int64_t kLineBytes = 64;
constexpr std::int64_t kLineFloats = 16;

// -- Kernels as sums and differences of points that lie opposite each other: with kHalf = k/2 and
// offsets n, m = 0..kHalf from the centre, even or odd in the row and in the column offset.

template <int kHalf>
struct Parts {
  static constexpr int kSide = 2 * kHalf + 1;
  static constexpr int kCount = kSide * kSide;

  // Places of the parts in a kernel's kCount vectors.
  static constexpr int even_even(int n, int m) { return n * (kHalf + 1) + m; }
  static constexpr int even_odd(int n, int m) {
    return (kHalf + 1) * (kHalf + 1) + n * kHalf + m - 1;
  }
  static constexpr int odd_even(int n, int m) {
    return (kHalf + 1) * kSide + (n - 1) * (kHalf + 1) + m;
  }
  static constexpr int odd_odd(int n, int m) {
    return (kHalf + 1) * kSide + kHalf * (kHalf + 1) + (n - 1) * kHalf + m - 1;
  }
};

// In place: kernel[k k][lanes] -> its parts.
template <int kHalf>
HWY_INLINE void split_parts(float* kernel) {
  using P = Parts<kHalf>;
  Vector parts[P::kCount];
  const auto at = [&](int n, int m) HWY_ATTR {
    return load(kernel + ((n + kHalf) * P::kSide + m + kHalf) * kLanes);
  };
  for (int n = 0; n <= kHalf; ++n) {
    for (int m = 0; m <= kHalf; ++m) {
      const Vector right = at(n, m);
      const Vector left = m == 0 ? hn::Zero(kFloats) : at(n, -m);
      const Vector up_right = n == 0 ? hn::Zero(kFloats) : at(-n, m);
      const Vector up_left = n == 0 || m == 0 ? hn::Zero(kFloats) : at(-n, -m);
      const Vector low_sum = hn::Add(right, left);
      const Vector low_difference = hn::Sub(right, left);
      const Vector high_sum = hn::Add(up_right, up_left);
      const Vector high_difference = hn::Sub(up_right, up_left);
      parts[P::even_even(n, m)] = hn::Add(low_sum, high_sum);
      if (m > 0) parts[P::even_odd(n, m)] = hn::Add(low_difference, high_difference);
      if (n > 0) parts[P::odd_even(n, m)] = hn::Sub(low_sum, high_sum);
      if (n > 0 && m > 0) parts[P::odd_odd(n, m)] = hn::Sub(low_difference, high_difference);
    }
  }
  for (int i = 0; i < P::kCount; ++i) store(parts[i], kernel + i * kLanes);
}

// The weights of one vector of output channels -> kernels[input][k k][lanes].
template <int kHalf, typename T>
HWY_INLINE void gather_kernels(const FftPlan& plan, const T* weights, std::int64_t first_channel,
                               const Block& block, const ProductScratch& s, float* kernels) {
  constexpr int kArea = Parts<kHalf>::kCount;
  const std::int64_t row = plan.shape.in_channels * kArea;
  const T* rows[static_cast<std::size_t>(kLanes)];
  for (std::int64_t i = 0; i < kLanes; ++i) {
    const std::int64_t channel = first_channel + i;
    rows[i] = channel < plan.shape.out_channels ? weights + channel * row + block.in_channel * kArea
                                                : reinterpret_cast<const T*>(s.zeros);
  }
  gather_rows(rows, block.inputs * kArea, kernels);
}

// The scales of one vector of output channels.
HWY_INLINE Vector load_scales(const ProductJob& job, std::int64_t first_channel) {
  float scales[static_cast<std::size_t>(kLanes)];
  for (std::int64_t i = 0; i < kLanes; ++i) {
    const bool is_scaled =
        job.weights.scales != nullptr && first_channel + i < job.plan.shape.out_channels;
    scales[i] = is_scaled ? job.weights.scales[first_channel + i] : 1.0F;
  }
  return load(scales);
}

template <int kHalf>
void load_kernels(const ProductJob& job, const Block& block, const ProductScratch& s,
                  float* kernels) {
  const FftPlan& plan = job.plan;
  constexpr int kArea = Parts<kHalf>::kCount;
  for (std::int64_t v = 0; v < block.vectors; ++v) {
    const std::int64_t first_channel = (block.index * 2 + v) * kLanes;
    float* to = kernels + v * ProductScratch::kernel_floats(plan);
    if (job.weights.f16 != nullptr) {
      gather_kernels<kHalf>(plan, job.weights.f16, first_channel, block, s, to);
    } else {
      gather_kernels<kHalf>(plan, job.weights.f32, first_channel, block, s, to);
    }
    const Vector scales = load_scales(job, first_channel);
    for (std::int64_t i = 0; i < block.inputs; ++i, to += kArea * kLanes) {
      if (job.weights.scales != nullptr) {
        for (int j = 0; j < kArea; ++j) {
          store(hn::Mul(scales, load(to + j * kLanes)), to + j * kLanes);
        }
      }
      if (job.round_to_bf16) {
        for (int j = 0; j < kArea; ++j) {
          store(round_to_bf16(load(to + j * kLanes)), to + j * kLanes);
        }
      }
      split_parts<kHalf>(to);
    }
  }
}

// Asks for the weights of the next block of input channels while this one's are at work, a share with
// each call.
class Prefetch {
 public:
  Prefetch(const ProductJob& job, const Block& block, std::int64_t calls)
      : weight_bytes_(job.weights.f16 != nullptr ? sizeof(std::uint16_t) : sizeof(float)),
        row_(job.plan.shape.in_channels * area(job) * weight_bytes_),
        inputs_(std::min(job.plan.block_inputs,
                         job.plan.shape.in_channels - block.in_channel - block.inputs)),
        lines_(pieces(inputs_ * area(job) * weight_bytes_, kLineBytes)),
        rows_(std::min(block.vectors * kLanes,
                       job.plan.shape.out_channels - block.index * 2 * kLanes)),
        from_(start(job) + block.index * 2 * kLanes * row_ +
              (block.in_channel + block.inputs) * area(job) * weight_bytes_),
        share_(pieces(rows_ * lines_, calls)) {}

  HWY_INLINE void some() {
    for (std::int64_t i = 0; i < share_ && row_index_ < rows_ && lines_ > 0; ++i) {
      hwy::Prefetch(from_ + row_index_ * row_ + line_ * kLineBytes);
      if (++line_ < lines_) continue;
      line_ = 0;
      ++row_index_;
    }
  }

 private:
  static std::int64_t area(const ProductJob& job) {
    return job.plan.shape.kernel * job.plan.shape.kernel;
  }
  static const char* start(const ProductJob& job) {
    return job.weights.f16 != nullptr ? reinterpret_cast<const char*>(job.weights.f16)
                                      : reinterpret_cast<const char*>(job.weights.f32);
  }

  std::int64_t weight_bytes_;
  std::int64_t row_;  // bytes
  std::int64_t inputs_, lines_, rows_;
  const char* from_;
  std::int64_t share_;
  std::int64_t row_index_ = 0;
  std::int64_t line_ = 0;
};

// -- One row of frequencies of one kernel.

// Sums over the row offsets: what the sums over the column offsets take.
template <int kHalf>
struct RowSums {
  Vector even_even[kHalf + 1];  // by column offset
  Vector odd_even[kHalf + 1];
  Vector even_odd[kHalf + 1];  // [0] is not used
  Vector odd_odd[kHalf + 1];
};

// first + coefficients[1] part(1) + ... + coefficients[kHalf] part(kHalf)
template <int kHalf, class Part>
HWY_INLINE Vector sum_rows_of(Vector first, const Vector (&coefficients)[kHalf + 1],
                              const Part& part) {
  Vector sum = first;
#pragma GCC unroll 8
  for (int n = 1; n <= kHalf; ++n) sum = hn::MulAdd(coefficients[n], part(n), sum);
  return sum;
}

template <int kHalf>
HWY_INLINE RowSums<kHalf> sum_row_offsets(const float* parts, const float* row_cosines,
                                          const float* row_sines) {
  using P = Parts<kHalf>;
  RowSums<kHalf> sums;
  Vector cosines[kHalf + 1];
  Vector sines[kHalf + 1];
#pragma GCC unroll 8
  for (int n = 1; n <= kHalf; ++n) {
    cosines[n] = broadcast(row_cosines[n]);
    sines[n] = broadcast(row_sines[n]);
  }
  const auto at = [&](int index) HWY_ATTR { return load(parts + index * kLanes); };
#pragma GCC unroll 8
  for (int m = 0; m <= kHalf; ++m) {
    sums.even_even[m] = sum_rows_of<kHalf>(at(P::even_even(0, m)), cosines,
                                           [&](int n) HWY_ATTR { return at(P::even_even(n, m)); });
    sums.odd_even[m] = sum_rows_of<kHalf>(hn::Zero(kFloats), sines,
                                          [&](int n) HWY_ATTR { return at(P::odd_even(n, m)); });
    if (m == 0) continue;
    sums.even_odd[m] = sum_rows_of<kHalf>(at(P::even_odd(0, m)), cosines,
                                          [&](int n) HWY_ATTR { return at(P::even_odd(n, m)); });
    sums.odd_odd[m] = sum_rows_of<kHalf>(hn::Zero(kFloats), sines,
                                         [&](int n) HWY_ATTR { return at(P::odd_odd(n, m)); });
  }
  return sums;
}

// Sums over even and over odd column offsets.
struct TwoSums {
  Vector even, odd;
};

template <int kHalf>
HWY_INLINE TwoSums sum_cosines(const Vector (&x)[kHalf + 1], const float* cosines) {
  TwoSums sums = {x[0], hn::Zero(kFloats)};
  for (int m = 1; m <= kHalf; ++m) {
    Vector& sum = m % 2 == 0 ? sums.even : sums.odd;
    sum = m == 1 ? hn::Mul(broadcast(cosines[m]), x[m])
                 : hn::MulAdd(broadcast(cosines[m]), x[m], sum);
  }
  return sums;
}

template <int kHalf>
HWY_INLINE TwoSums sum_sines(const Vector (&x)[kHalf + 1], const float* sines) {
  TwoSums sums = {hn::Zero(kFloats), hn::Zero(kFloats)};
  for (int m = 1; m <= kHalf; ++m) {
    Vector& sum = m % 2 == 0 ? sums.even : sums.odd;
    sum = m <= 2 ? hn::Mul(broadcast(sines[m]), x[m]) : hn::MulAdd(broadcast(sines[m]), x[m], sum);
  }
  return sums;
}

// conj(W) = re + i im
HWY_INLINE void store_weight(Vector re, Vector im, std::int64_t row, float* to) {
  store(re, to);
  store(im, to + row);
}

// Meanwhile asks for the parts of a kernel that comes soon.
template <int kHalf>
HWY_INLINE void store_row(const FftPlan& plan, const RowSums<kHalf>& sums, const float* next,
                          float* to) {
  const std::int64_t size = plan.column_dft.size;
  const std::int64_t half = size / 2;
  const std::int64_t row = plan.weight_row_floats();
  const std::int64_t bin = plan.weight_bin_floats();
  const std::int64_t lines =
      pieces(pieces(Parts<kHalf>::kCount * kLanes, kLineFloats), plan.column_dft.rows);
  const auto put = [&](std::int64_t c, Vector a, Vector b, Vector d, Vector e) HWY_ATTR {
    store_weight(hn::Sub(a, b), hn::Add(d, e), row, to + c * bin);
    if (c == 0 || c == half) return;
    store_weight(hn::Add(a, b), hn::Sub(d, e), row, to + (size - c) * bin);
  };
  for (std::int64_t q = 0; q < plan.column_dft.rows; ++q) {
    const float* cosines = plan.column_kernel.cosines.data() + q * (kHalf + 1);
    const float* sines = plan.column_kernel.sines.data() + q * (kHalf + 1);
    for (std::int64_t line = q * lines; line < (q + 1) * lines; ++line) {
      hwy::Prefetch(next + line * kLineFloats);
    }
    const TwoSums a = sum_cosines<kHalf>(sums.even_even, cosines);
    const TwoSums b = sum_sines<kHalf>(sums.odd_odd, sines);
    const TwoSums d = sum_cosines<kHalf>(sums.odd_even, cosines);
    const TwoSums e = sum_sines<kHalf>(sums.even_odd, sines);
    put(q, hn::Add(a.even, a.odd), hn::Add(b.odd, b.even), hn::Add(d.even, d.odd),
        hn::Add(e.odd, e.even));
    if (half - q == q) continue;
    put(half - q, hn::Sub(a.even, a.odd), hn::Sub(b.odd, b.even), hn::Sub(d.even, d.odd),
        hn::Sub(e.odd, e.even));
  }
}

// Rows 0 and size/2, where odd parts vanish: half of the frequencies tell the others.
template <int kHalf>
HWY_INLINE void store_real_row(const FftPlan& plan, const RowSums<kHalf>& sums, float* to) {
  const std::int64_t half = plan.column_dft.half;
  const std::int64_t row = plan.weight_row_floats();
  const std::int64_t bin = plan.weight_bin_floats();
  for (std::int64_t q = 0; q < plan.column_dft.rows; ++q) {
    const float* cosines = plan.column_kernel.cosines.data() + q * (kHalf + 1);
    const float* sines = plan.column_kernel.sines.data() + q * (kHalf + 1);
    const TwoSums a = sum_cosines<kHalf>(sums.even_even, cosines);
    const TwoSums e = sum_sines<kHalf>(sums.even_odd, sines);
    store_weight(hn::Add(a.even, a.odd), hn::Add(e.odd, e.even), row, to + q * bin);
    store_weight(hn::Sub(a.even, a.odd), hn::Sub(e.odd, e.even), row, to + (half - q) * bin);
  }
}

template <int kHalf>
void transform_weights(const FftPlan& plan, const Block& block, std::int64_t slab,
                       const float* kernels, Prefetch& prefetch, const ProductScratch& s) {
  constexpr int kArea = Parts<kHalf>::kCount;
  const auto row_tables = [&](std::int64_t r) {
    return std::pair{plan.row_kernel.cosines.data() + r * (kHalf + 1),
                     plan.row_kernel.sines.data() + r * (kHalf + 1)};
  };
  for (std::int64_t i = 0; i < block.inputs; ++i) {
    prefetch.some();
    for (std::int64_t v = 0; v < block.vectors; ++v) {
      const float* parts = kernels + v * ProductScratch::kernel_floats(plan) + i * kArea * kLanes;
      float* to = s.frequencies + (i * block.vectors + v) * kLanes;
      const auto [cosines, sines] = row_tables(slab);
      const RowSums<kHalf> sums = sum_row_offsets<kHalf>(parts, cosines, sines);
      if (slab > 0) {
        store_row<kHalf>(plan, sums, parts + kArea * kLanes, to);
        continue;
      }
      const auto [last_cosines, last_sines] = row_tables(plan.slabs);
      store_real_row<kHalf>(plan, sums, to);
      store_real_row<kHalf>(plan, sum_row_offsets<kHalf>(parts, last_cosines, last_sines),
                            to + (plan.column_dft.half + 1) * plan.weight_bin_floats());
    }
  }
}

}  // namespace dnd::ops::fft::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // DND_OPS_CPU_FFT_WEIGHTS_INL_H_
