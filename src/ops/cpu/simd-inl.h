// Shared pieces of the transform kernels, compiled once per instruction set (Highway's pattern for
// such headers, hence the guard).
#if defined(DND_OPS_CPU_SIMD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DND_OPS_CPU_SIMD_INL_H_
#undef DND_OPS_CPU_SIMD_INL_H_
#else
#define DND_OPS_CPU_SIMD_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "base/dtype.h"
#include "ops/cpu/fft_plan.h"

HWY_BEFORE_NAMESPACE();
namespace dnd::ops::fft::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using FloatTag = hn::ScalableTag<float>;
using Vector = hn::Vec<FloatTag>;
constexpr FloatTag kFloats;
constexpr auto kLanes = static_cast<std::int64_t>(HWY_LANES(float));
// AVX-512 has 32 registers, its predecessors 16.
constexpr bool kManyRegisters = kLanes >= 16;

HWY_INLINE Vector load(const float* from) { return hn::LoadU(kFloats, from); }
HWY_INLINE void store(Vector value, float* to) { hn::StoreU(value, kFloats, to); }
HWY_INLINE Vector broadcast(float value) { return hn::Set(kFloats, value); }

// To the nearest bf16, ties to even. Infinities stay, NaN becomes infinity or NaN.
HWY_INLINE Vector round_to_bf16(Vector value) {
  const hn::RebindToUnsigned<FloatTag> integers;
  const auto bits = hn::BitCast(integers, value);
  const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(integers, 1U));
  const auto rounded = hn::Add(bits, hn::Add(odd, hn::Set(integers, 0x7FFFU)));
  return hn::BitCast(kFloats, hn::And(rounded, hn::Set(integers, 0xFFFF0000U)));
}

// -- Transposition between rows of channels and vectors of channels, four columns at a time.

#if HWY_TARGET != HWY_SCALAR

// Blocks of 4 values: block b from rows[4 b + first] + offset.
template <class D>
HWY_INLINE hn::Vec<D> gather_blocks(D d, const hn::TFromD<D>* const* rows, std::int64_t offset) {
  constexpr auto kCount = static_cast<std::int64_t>(MaxLanes(D()));
  if constexpr (kCount <= 4) {
    return hn::LoadU(d, rows[0] + offset);
  } else {
    const hn::Half<D> half;
    return hn::Combine(d, gather_blocks(half, rows + kCount / 2, offset),
                       gather_blocks(half, rows, offset));
  }
}

template <class D>
HWY_INLINE void scatter_blocks(D d, hn::Vec<D> value, float* const* rows, std::int64_t offset) {
  constexpr auto kCount = static_cast<std::int64_t>(MaxLanes(D()));
  if constexpr (kCount <= 4) {
    hn::StoreU(value, d, rows[0] + offset);
  } else {
    const hn::Half<D> half;
    scatter_blocks(half, hn::LowerHalf(half, value), rows, offset);
    scatter_blocks(half, hn::UpperHalf(half, value), rows + kCount / 2, offset);
  }
}

// 4 x 4 transposition within each block of 128 bits.
HWY_INLINE void transpose_blocks(Vector& a, Vector& b, Vector& c, Vector& d) {
  const hn::Repartition<double, FloatTag> pairs;
  const auto ab_low = hn::BitCast(pairs, hn::InterleaveLower(kFloats, a, b));
  const auto ab_high = hn::BitCast(pairs, hn::InterleaveUpper(kFloats, a, b));
  const auto cd_low = hn::BitCast(pairs, hn::InterleaveLower(kFloats, c, d));
  const auto cd_high = hn::BitCast(pairs, hn::InterleaveUpper(kFloats, c, d));
  a = hn::BitCast(kFloats, hn::InterleaveLower(pairs, ab_low, cd_low));
  b = hn::BitCast(kFloats, hn::InterleaveUpper(pairs, ab_low, cd_low));
  c = hn::BitCast(kFloats, hn::InterleaveLower(pairs, ab_high, cd_high));
  d = hn::BitCast(kFloats, hn::InterleaveUpper(pairs, ab_high, cd_high));
}

HWY_INLINE Vector gather_floats(const float* const* rows, std::int64_t offset) {
  return gather_blocks(kFloats, rows, offset);
}
HWY_INLINE Vector gather_floats(const std::uint16_t* const* rows, std::int64_t offset) {
  const hn::Rebind<std::uint16_t, FloatTag> bits;
  const hn::Rebind<hwy::float16_t, FloatTag> halves;
  return hn::PromoteTo(kFloats, hn::BitCast(halves, gather_blocks(bits, rows, offset)));
}

template <typename T>
HWY_INLINE void gather_four(const T* const* rows, std::int64_t column, float* to) {
  Vector a = gather_floats(rows, column);
  Vector b = gather_floats(rows + 1, column);
  Vector c = gather_floats(rows + 2, column);
  Vector d = gather_floats(rows + 3, column);
  transpose_blocks(a, b, c, d);
  store(a, to);
  store(b, to + kLanes);
  store(c, to + 2 * kLanes);
  store(d, to + 3 * kLanes);
}

#endif

HWY_INLINE float float_of(const float* value) { return *value; }
HWY_INLINE float float_of(const std::uint16_t* half) {
  std::uint16_t bits;  // a row may be something else: zeros
  std::memcpy(&bits, half, sizeof(bits));
  return f16_to_f32(bits);
}

// Columns 0..count-1 of kLanes rows of floats or halves -> to[column][row].
template <typename T>
HWY_INLINE void gather_rows(const T* const* rows, std::int64_t count, float* to) {
  std::int64_t column = 0;
#if HWY_TARGET != HWY_SCALAR
  for (; column + 4 <= count; column += 4) gather_four(rows, column, to + column * kLanes);
#endif
  for (; column < count; ++column) {
    for (std::int64_t i = 0; i < kLanes; ++i) to[column * kLanes + i] = float_of(rows[i] + column);
  }
}

// from[column][row] -> columns 0..count-1 of the first `channels` of kLanes rows.
HWY_INLINE void scatter_rows(const float* from, std::int64_t count, std::int64_t channels,
                             float* const* rows) {
  std::int64_t column = 0;
#if HWY_TARGET != HWY_SCALAR
  for (; channels == kLanes && column + 4 <= count; column += 4) {
    const float* block = from + column * kLanes;
    Vector a = load(block);
    Vector b = load(block + kLanes);
    Vector c = load(block + 2 * kLanes);
    Vector d = load(block + 3 * kLanes);
    transpose_blocks(a, b, c, d);
    scatter_blocks(kFloats, a, rows, column);
    scatter_blocks(kFloats, b, rows + 1, column);
    scatter_blocks(kFloats, c, rows + 2, column);
    scatter_blocks(kFloats, d, rows + 3, column);
  }
#endif
  for (; column < count; ++column) {
    for (std::int64_t i = 0; i < channels; ++i) rows[i][column] = from[column * kLanes + i];
  }
}

// -- The sums of DftTables for two vectors at once. Of input n the vectors are at from + n * step, of
// output q at to + q * step.

struct Terms {
  const float* coefficients;
  std::int64_t count;
  const float* from;  // the first term's input; the next one's is 2 steps on
};

// Rows q ... q + kRows - 1 and their mirror images.
template <int kRows>
HWY_INLINE void sum_rows(const DftTables& table, Terms even, Terms odd, bool sine, std::int64_t q,
                         std::int64_t step, float* to) {
  Vector evens[kRows][2];
  Vector odds[kRows][2];
  for (int r = 0; r < kRows; ++r) {
    evens[r][0] = evens[r][1] = odds[r][0] = odds[r][1] = hn::Zero(kFloats);
  }
  const auto add = [&](const Terms& terms, std::int64_t n, Vector(&sums)[kRows][2]) HWY_ATTR {
    const Vector x0 = load(terms.from + n * 2 * step);
    const Vector x1 = load(terms.from + n * 2 * step + kLanes);
    for (int r = 0; r < kRows; ++r) {
      const Vector factor = broadcast(terms.coefficients[(q + r) * terms.count + n]);
      sums[r][0] = hn::MulAdd(factor, x0, sums[r][0]);
      sums[r][1] = hn::MulAdd(factor, x1, sums[r][1]);
    }
  };
  const std::int64_t both = std::min(even.count, odd.count);
  for (std::int64_t n = 0; n < both; ++n) {
    add(even, n, evens);
    add(odd, n, odds);
  }
  for (std::int64_t n = both; n < even.count; ++n) add(even, n, evens);
  for (std::int64_t n = both; n < odd.count; ++n) add(odd, n, odds);
  for (int r = 0; r < kRows; ++r) {
    const std::int64_t mirror = table.half - (q + r);
    for (int j = 0; j < 2; ++j) {
      const Vector sum = hn::Add(evens[r][j], odds[r][j]);
      const Vector difference =
          sine ? hn::Sub(odds[r][j], evens[r][j]) : hn::Sub(evens[r][j], odds[r][j]);
      store(difference, to + mirror * step + j * kLanes);
      store(sum, to + (q + r) * step + j * kLanes);
    }
  }
}

HWY_INLINE void sum_all_rows(const DftTables& table, Terms even, Terms odd, bool sine,
                             std::int64_t step, float* to) {
  std::int64_t q = 0;
  for (; q + 3 <= table.rows; q += 3) sum_rows<3>(table, even, odd, sine, q, step, to);
  if (table.rows - q == 2) sum_rows<2>(table, even, odd, sine, q, step, to);
  if (table.rows - q == 1) sum_rows<1>(table, even, odd, sine, q, step, to);
}

// C from e, S from o (DftTables) for `pairs` x 2 vectors side by side. o[0], o[t/2] are not read;
// S[0] and S[t/2] are zeros.
HWY_INLINE void cosine_and_sine_sums(const DftTables& table, const float* e, const float* o,
                                     std::int64_t step, std::int64_t pairs, float* c, float* s) {
  for (std::int64_t p = 0; p < pairs; ++p) {
    const std::int64_t at = p * 2 * kLanes;
    sum_all_rows(table, {table.cos_even.data(), table.cos_evens, e + at},
                 {table.cos_odd.data(), table.cos_odds, e + step + at}, false, step, c + at);
    sum_all_rows(table, {table.sin_even.data(), table.sin_evens, o + 2 * step + at},
                 {table.sin_odd.data(), table.sin_odds, o + step + at}, true, step, s + at);
  }
}

}  // namespace dnd::ops::fft::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // DND_OPS_CPU_SIMD_INL_H_
