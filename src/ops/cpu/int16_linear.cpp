#include "ops/cpu/int16_linear.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <cmath>
#include <cstring>

#include "ops/cpu/int16_product.h"

// Highway compiles what stands between HWY_BEFORE_NAMESPACE and HWY_AFTER_NAMESPACE once per
// instruction set, by including this file again and again.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/cpu/int16_linear.cpp"
#include <hwy/foreach_target.h>  // first of Highway's headers
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace dnd::ops::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::ScalableTag<float>;
using Integers = hn::RebindToSigned<Floats>;
using Sums = hn::Vec<Integers>;

// -- To integers.

HWY_INLINE Int16Scale scale_of(const float* values, std::int64_t size) {
  const Floats d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  auto largest = hn::Zero(d), squares = hn::Zero(d);
  std::int64_t i = 0;
  for (; i + lanes <= size; i += lanes) {
    const auto value = hn::LoadU(d, values + i);
    largest = hn::Max(largest, hn::Abs(value));
    squares = hn::MulAdd(value, value, squares);
  }
  float most = hn::GetLane(hn::MaxOfLanes(d, largest));
  float square = hn::GetLane(hn::SumOfLanes(d, squares));
  for (; i < size; ++i) {
    most = std::max(most, std::abs(values[i]));
    square += values[i] * values[i];
  }
  return {most, std::sqrt(square)};
}

template <class D>
HWY_INLINE void quantize_vector(D d, const float* values, float factor, std::int16_t* to) {
  const hn::Rebind<std::int16_t, D> integers;
  const auto rounded = hn::NearestInt(hn::Mul(hn::LoadU(d, values), hn::Set(d, factor)));
  hn::StoreU(hn::DemoteTo(integers, rounded), integers, to);
}

// The integers of one piece, with zeros behind up to `length`. Returns their unit.
HWY_INLINE float quantize(const float* values, std::int64_t size, std::int64_t length,
                          std::int16_t* to) {
  const Floats d;
  const hn::CappedTag<float, 1> one;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const Int16Scale scale = scale_of(values, size);
  std::int64_t i = 0;
  for (; i + lanes <= size; i += lanes) quantize_vector(d, values + i, scale.factor, to + i);
  for (; i < size; ++i) quantize_vector(one, values + i, scale.factor, to + i);
  for (; i < length; ++i) to[i] = 0;
  return scale.unit;
}

// rows (n, in) -> integers (n, pieces.row()), units (n, pieces.count)
void quantize_rows(const float* from, std::int64_t n, const Int16Pieces& pieces, std::int16_t* to,
                   float* units) {
  for (std::int64_t r = 0; r < n; ++r) {
    for (std::int64_t p = 0; p < pieces.count; ++p) {
      const std::int64_t at = p * pieces.length();
      units[r * pieces.count + p] = quantize(from + r * pieces.in + at, pieces.features(p),
                                             pieces.length(), to + r * pieces.row() + at);
    }
  }
}

// -- Sums of products.

// The same pair everywhere.
HWY_INLINE Sums broadcast_pair(const std::int16_t* pair) {
  std::int32_t bits = 0;
  std::memcpy(&bits, pair, sizeof(bits));
  return hn::Set(Integers(), bits);
}

HWY_INLINE Sums load_pairs(const std::int16_t* pairs) {
#if HWY_TARGET == HWY_SCALAR
  return broadcast_pair(pairs);
#else
  return hn::BitCast(Integers(), hn::LoadU(hn::Repartition<std::int16_t, Integers>(), pairs));
#endif
}

// sum + x0 w0 + x1 w1 for pairs of 16-bit integers.
struct AddPairs {
  HWY_INLINE Sums operator()(Sums x, Sums w, Sums sum) const {
#if HWY_ARCH_X86 && HWY_TARGET != HWY_SCALAR
    const hn::Repartition<std::int16_t, Integers> pairs;
    Sums none = sum;
    return hn::ReorderWidenMulAccumulate(Integers(), hn::BitCast(pairs, x), hn::BitCast(pairs, w),
                                         sum, none);
#else
    const auto low = [](Sums pair) { return hn::ShiftRight<16>(hn::ShiftLeft<16>(pair)); };
    const Sums first = hn::Mul(low(x), low(w));
    return hn::Add(hn::Add(sum, first), hn::Mul(hn::ShiftRight<16>(x), hn::ShiftRight<16>(w)));
#endif
  }
};

#if HWY_TARGET == HWY_AVX3
// The same by one instruction of AVX512_VNNI, for which Highway 1.0.3 has no operation.
struct AddPairsVnni {
  HWY_INLINE Sums operator()(Sums x, Sums w, Sums sum) const {
    asm("vpdpwssd %2, %1, %0" : "+v"(sum.raw) : "v"(x.raw), "v"(w.raw));
    return sum;
  }
};
#endif

// -- Back.

// Results of row `r` from column `c` on: as many as D has lanes.
template <class D>
HWY_INLINE void finish(D d, const Int16Product& p, std::int64_t piece, std::int64_t r,
                       std::int64_t c, hn::Vec<hn::RebindToSigned<D>> sum) {
  float* to = p.to + r * p.out + c;
  auto start = hn::Zero(d);
  if (piece > 0) {
    start = hn::LoadU(d, to);
  } else {
    if (p.bias != nullptr) start = hn::LoadU(d, p.bias + c);
    if (p.other != nullptr) start = hn::Add(start, hn::LoadU(d, p.other + r * p.out + c));
  }
  const auto unit = hn::Mul(hn::Set(d, p.units[r * p.pieces.count + piece]),
                            hn::LoadU(d, p.scales + piece * p.padded_out() + c));
  hn::StoreU(hn::MulAdd(hn::ConvertTo(d, sum), unit, start), d, to);
}

// The same where there may be fewer columns than lanes.
HWY_INLINE void finish_some(const Int16Product& p, std::int64_t piece, std::int64_t r,
                            std::int64_t c, Sums sum) {
  const Floats d;
  const hn::CappedTag<float, 1> one;
  if (c + static_cast<std::int64_t>(hn::Lanes(d)) <= p.out) {
    finish(d, p, piece, r, c, sum);
    return;
  }
  alignas(64) std::int32_t sums[HWY_LANES(std::int32_t)];
  hn::Store(sum, Integers(), sums);
  for (std::int64_t i = 0; c + i < p.out; ++i) {
    finish(one, p, piece, r, c + i, hn::LoadU(hn::RebindToSigned<decltype(one)>(), sums + i));
  }
}

// -- A product: strips of rows by two vectors of columns, whose sums stay in registers.

template <int kRows, class Add>
HWY_INLINE void multiply_strip(Add add, const Int16Product& p, std::int64_t piece, std::int64_t r,
                               std::int64_t c) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(Integers()));
  const std::int64_t stride = p.pieces.row();
  const std::int16_t* rows = p.integers + r * stride + piece * p.pieces.length();
  const std::int16_t* low_weights = p.weights_of(piece, c);
  const std::int16_t* high_weights = p.weights_of(piece, c + lanes);
  Sums low[kRows], high[kRows];
#pragma GCC unroll 12
  for (int i = 0; i < kRows; ++i) low[i] = high[i] = hn::Zero(Integers());
  for (std::int64_t pair = 0; pair < p.pieces.pairs; ++pair) {
    const Sums w0 = load_pairs(low_weights);
    const Sums w1 = load_pairs(high_weights);
    low_weights += 2 * kInt16Block;
    high_weights += 2 * kInt16Block;
#pragma GCC unroll 12
    for (int i = 0; i < kRows; ++i) {
      const Sums x = broadcast_pair(rows + i * stride + 2 * pair);
      low[i] = add(x, w0, low[i]);
      high[i] = add(x, w1, high[i]);
    }
  }
#pragma GCC unroll 12
  for (int i = 0; i < kRows; ++i) {
    finish_some(p, piece, r + i, c, low[i]);
    finish_some(p, piece, r + i, c + lanes, high[i]);
  }
}

// Two vectors of columns and the piece whose features are multiplied.
struct Step {
  std::int64_t column = 0;
  std::int64_t piece = 0;
};

// Asks for the weights of a later step, a share after each strip: whole layers of weights do not fit into
// the second cache, and the last one has other users.
class WeightsAhead {
 public:
  WeightsAhead(const Int16Product& p, Step step, std::int64_t lanes, std::int64_t strips)
      : low_(p.weights_of(step.piece, step.column)),
        high_(p.weights_of(step.piece, step.column + lanes)),
        lines_(p.pieces.pairs),
        share_(pieces(lines_, strips)) {}

  HWY_INLINE void some() {
    const std::int64_t end = std::min(lines_, at_ + share_);
    for (; at_ < end; ++at_) {
      __builtin_prefetch(low_ + at_ * 2 * kInt16Block, 0, 2);
      // Shorter vectors share a line.
      if constexpr (HWY_LANES(float) >= kInt16Block) {
        __builtin_prefetch(high_ + at_ * 2 * kInt16Block, 0, 2);
      }
    }
  }

 private:
  const std::int16_t* low_;
  const std::int16_t* high_;
  std::int64_t lines_;  // one for each pair of features
  std::int64_t share_;
  std::int64_t at_ = 0;
};

// The weights of a step stay in the first cache while rows pass.
template <class Add>
HWY_INLINE void multiply_step(Add add, const Int16Product& p, Step step, Step next) {
  constexpr int kRows = HWY_LANES(float) >= 16 ? 12 : 6;  // as many as there are registers for
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(Integers()));
  WeightsAhead ahead(p, next, lanes, pieces(p.rows, kRows));
  std::int64_t r = 0;
  for (; r + kRows <= p.rows; r += kRows) {
    multiply_strip<kRows>(add, p, step.piece, r, step.column);
    ahead.some();
  }
  for (; r + 2 <= p.rows; r += 2) multiply_strip<2>(add, p, step.piece, r, step.column);
  for (; r < p.rows; ++r) multiply_strip<1>(add, p, step.piece, r, step.column);
}

template <class Add>
void multiply(Add add, const Int16Product& p) {
  const std::int64_t columns = 2 * static_cast<std::int64_t>(hn::Lanes(Integers()));
  const auto after = [&](Step step) {
    return step.piece + 1 < p.pieces.count ? Step{step.column, step.piece + 1}
                                           : Step{step.column + columns, 0};
  };
  for (Step step, next; step.column < p.out; step = next) {
    next = after(step);
    multiply_step(add, p, step, next.column < p.out ? next : step);
  }
}

void product(const Int16Product& p) {
#if HWY_TARGET == HWY_AVX3
  if (__builtin_cpu_supports("avx512vnni") != 0) return multiply(AddPairsVnni(), p);
#endif
  multiply(AddPairs(), p);
}

}  // namespace dnd::ops::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dnd::ops::cpu {

HWY_EXPORT(quantize_rows);
HWY_EXPORT(product);

namespace {

// (out, in) integers -> blocks of kInt16Block outputs, in each piece by pairs of features.
void arrange(const at::Tensor& integers, const Int16Pieces& pieces, std::int16_t* to) {
  const std::int64_t out = integers.size(0);
  const auto* from = integers.const_data_ptr<std::int16_t>();
  for (std::int64_t o = 0; o < out; ++o) {
    for (std::int64_t i = 0; i < pieces.row(); ++i) {
      const std::int64_t pair = o / kInt16Block * pieces.row() / 2 + i / 2;
      to[(pair * kInt16Block + o % kInt16Block) * 2 + i % 2] = from[o * pieces.row() + i];
    }
  }
}

}  // namespace

Int16Linear::Int16Linear(const at::Tensor& weight) : out_(weight.size(0)), in_(weight.size(1)) {
  const Int16Pieces pieces(in_);
  const std::int64_t padded = padded_columns(out_);
  const at::Tensor integers = at::empty({out_, pieces.row()}, at::kShort);
  const at::Tensor units = at::empty({out_, pieces.count}, at::kFloat);
  HWY_DYNAMIC_DISPATCH(quantize_rows)
  (weight.const_data_ptr<float>(), out_, pieces, integers.mutable_data_ptr<std::int16_t>(),
   units.mutable_data_ptr<float>());
  weights_ = at::zeros({padded, pieces.row()}, at::kShort);
  arrange(integers, pieces, weights_.mutable_data_ptr<std::int16_t>());
  scales_ = at::zeros({pieces.count, padded}, at::kFloat);
  scales_.narrow(1, 0, out_).copy_(units.t());
}

void Int16Linear::operator()(const float* x, std::int64_t rows, const float* bias,
                             const float* other, float* y) const {
  const Int16Pieces pieces(in_);
  const at::Tensor integers = at::empty({rows, pieces.row()}, at::kShort);
  const at::Tensor units = at::empty({rows, pieces.count}, at::kFloat);
  auto* to = integers.mutable_data_ptr<std::int16_t>();
  HWY_DYNAMIC_DISPATCH(quantize_rows)(x, rows, pieces, to, units.mutable_data_ptr<float>());
  HWY_DYNAMIC_DISPATCH(product)
  ({pieces, rows, out_, to, units.const_data_ptr<float>(), weights_.const_data_ptr<std::int16_t>(),
    scales_.const_data_ptr<float>(), bias, other, y});
}

}  // namespace dnd::ops::cpu
#endif  // HWY_ONCE
