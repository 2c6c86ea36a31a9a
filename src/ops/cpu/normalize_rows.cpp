#include "ops/cpu/normalize_rows.h"

#include <algorithm>
#include <cmath>

// Highway compiles what stands between HWY_BEFORE_NAMESPACE and HWY_AFTER_NAMESPACE once per
// instruction set, by including this file again and again.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/cpu/normalize_rows.cpp"
#include <hwy/foreach_target.h>  // first of Highway's headers
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace dnd::ops::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::ScalableTag<float>;

// Sum of (x - shift)^power, power 1 or 2, in four vectors.
template <int kPower>
HWY_INLINE float sum_piece(Floats d, const float* x, std::int64_t width, float shift) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto minus = hn::Set(d, shift);
  auto s0 = hn::Zero(d), s1 = s0, s2 = s0, s3 = s0;
  const auto add = [&](std::int64_t i, auto sum) {
    const auto value = hn::Sub(hn::LoadU(d, x + i), minus);
    return kPower == 1 ? hn::Add(sum, value) : hn::MulAdd(value, value, sum);
  };
  std::int64_t i = 0;
  for (; i + 4 * lanes <= width; i += 4 * lanes) {
    s0 = add(i, s0), s1 = add(i + lanes, s1);
    s2 = add(i + 2 * lanes, s2), s3 = add(i + 3 * lanes, s3);
  }
  for (; i + lanes <= width; i += lanes) s0 = add(i, s0);
  float sum = hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(s0, s1), hn::Add(s2, s3))));
  for (; i < width; ++i) sum += kPower == 1 ? x[i] - shift : (x[i] - shift) * (x[i] - shift);
  return sum;
}

// The same over a row of any width: sums of pieces, which lose no digits, are added in double.
template <int kPower>
HWY_INLINE float sum_of_powers(Floats d, const float* x, std::int64_t width, float shift) {
  constexpr std::int64_t kPiece = 4096;
  double sum = 0.0;
  for (std::int64_t i = 0; i < width; i += kPiece) {
    sum += static_cast<double>(sum_piece<kPower>(d, x + i, std::min(kPiece, width - i), shift));
  }
  return static_cast<float>(sum);
}

HWY_INLINE void normalize_row(Floats d, const RowNorm& norm, const float* from, float* to) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto size = static_cast<float>(norm.width);
  const bool centred = norm.bias != nullptr;
  const float mean = centred ? sum_of_powers<1>(d, from, norm.width, 0.0F) / size : 0.0F;
  const float variance = sum_of_powers<2>(d, from, norm.width, mean) / size;
  const float factor = 1.0F / std::sqrt(variance + norm.epsilon);
  std::int64_t i = 0;
  for (; i + lanes <= norm.width; i += lanes) {
    const auto unit =
        hn::Mul(hn::Sub(hn::LoadU(d, from + i), hn::Set(d, mean)), hn::Set(d, factor));
    const auto weight = hn::LoadU(d, norm.weight + i);
    const auto bias = centred ? hn::LoadU(d, norm.bias + i) : hn::Zero(d);
    hn::StoreU(hn::MulAdd(unit, weight, bias), d, to + i);
  }
  for (; i < norm.width; ++i) {
    to[i] = (from[i] - mean) * factor * norm.weight[i] + (centred ? norm.bias[i] : 0.0F);
  }
}

void normalize(const RowNorm& norm, const float* from, std::int64_t rows, float* to) {
  const Floats d;
  for (std::int64_t r = 0; r < rows; ++r) {
    normalize_row(d, norm, from + r * norm.width, to + r * norm.width);
  }
}

}  // namespace dnd::ops::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dnd::ops::cpu {

HWY_EXPORT(normalize);

void normalize_rows(const RowNorm& norm, const float* from, std::int64_t rows, float* to) {
  HWY_DYNAMIC_DISPATCH(normalize)(norm, from, rows, to);
}

}  // namespace dnd::ops::cpu
#endif  // HWY_ONCE
