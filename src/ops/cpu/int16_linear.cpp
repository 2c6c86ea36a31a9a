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
HWY_INLINE Sums add_pairs(Sums x, Sums w, Sums sum) {
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

template <int kRows>
HWY_INLINE void sum_rows(const Int16Tile& tile, std::int64_t first, std::int64_t column,
                         std::int32_t* sums) {
  const Integers d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  Sums low[kRows], high[kRows];
#pragma GCC unroll 12
  for (int r = 0; r < kRows; ++r) low[r] = high[r] = hn::Zero(d);
  const std::int16_t* rows = tile.rows + first * tile.stride;
  for (std::int64_t p = 0; p < tile.pairs; ++p) {
    const std::int16_t* weights = tile.weights + 2 * (p * kInt16Columns + column);
    const Sums w0 = load_pairs(weights);
    const Sums w1 = load_pairs(weights + 2 * lanes);
#pragma GCC unroll 12
    for (int r = 0; r < kRows; ++r) {
      const Sums x = broadcast_pair(rows + r * tile.stride + 2 * p);
      low[r] = add_pairs(x, w0, low[r]);
      high[r] = add_pairs(x, w1, high[r]);
    }
  }
#pragma GCC unroll 12
  for (int r = 0; r < kRows; ++r) {
    hn::StoreU(low[r], d, sums + (first + r) * kInt16Columns + column);
    hn::StoreU(high[r], d, sums + (first + r) * kInt16Columns + column + lanes);
  }
}

void sum_tile(const Int16Tile& tile, std::int32_t* sums) {
  constexpr int kRows = HWY_LANES(float) >= 16 ? 12 : 6;  // as many as there are registers for
  const std::int64_t columns = 2 * static_cast<std::int64_t>(hn::Lanes(Integers()));
  for (std::int64_t c = 0; c < kInt16Columns; c += columns) {
    std::int64_t r = 0;
    for (; r + kRows <= tile.count; r += kRows) sum_rows<kRows>(tile, r, c, sums);
    for (; r < tile.count; ++r) sum_rows<1>(tile, r, c, sums);
  }
}

// -- Back.

// Where the results of a tile go, and what is added to them: `bias` and `other`, where not null.
struct Results {
  const float* units;  // of the rows
  std::int64_t unit_stride;
  const float* scales;  // of the columns
  const float* bias;
  const float* other;  // first row, first column; rows are `stride` apart, as those of `to`
  float* to;
  std::int64_t stride;
  std::int64_t columns;  // that there are, at most kInt16Columns
};

template <class D>
HWY_INLINE void finish(D d, const Results& results, const std::int32_t* sums, std::int64_t r,
                       std::int64_t c) {
  const hn::RebindToSigned<D> integers;
  const auto sum = hn::ConvertTo(d, hn::LoadU(integers, sums + r * kInt16Columns + c));
  const auto unit =
      hn::Mul(hn::Set(d, results.units[r * results.unit_stride]), hn::LoadU(d, results.scales + c));
  auto start = hn::Zero(d);
  if (results.bias != nullptr) start = hn::LoadU(d, results.bias + c);
  if (results.other != nullptr)
    start = hn::Add(start, hn::LoadU(d, results.other + r * results.stride + c));
  hn::StoreU(hn::MulAdd(sum, unit, start), d, results.to + r * results.stride + c);
}

void finish_tile(const Results& results, const std::int32_t* sums, std::int64_t count) {
  const Floats d;
  const hn::CappedTag<float, 1> one;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  for (std::int64_t r = 0; r < count; ++r) {
    std::int64_t c = 0;
    for (; c + lanes <= results.columns; c += lanes) finish(d, results, sums, r, c);
    for (; c < results.columns; ++c) finish(one, results, sums, r, c);
  }
}

// One piece of up to kInt16Rows rows and of one block of weights, from and to memory.
HWY_INLINE void compute_tile(const Int16Product& p, std::int64_t piece, std::int64_t r,
                             std::int64_t c) {
  alignas(64) std::int32_t sums[kInt16Rows * kInt16Columns];
  const Int16Tile tile{p.integers + r * p.pieces.row() + piece * p.pieces.length(), p.pieces.row(),
                       std::min(kInt16Rows, p.rows - r), p.block(piece, c), p.pieces.pairs};
  if (HWY_TARGET == HWY_AVX3 && has_vnni()) {
    sum_with_vnni(tile, sums);
  } else {
    sum_tile(tile, sums);
  }
  float* to = p.to + r * p.out + c;
  Results results{p.units + r * p.pieces.count + piece,
                  p.pieces.count,
                  p.scales + piece * p.padded_out() + c,
                  nullptr,
                  to,
                  to,
                  p.out,
                  std::min(kInt16Columns, p.out - c)};
  if (piece == 0) {
    results.bias = p.bias == nullptr ? nullptr : p.bias + c;
    results.other = p.other == nullptr ? nullptr : p.other + r * p.out + c;
  }
  finish_tile(results, sums, tile.count);
}

void product(const Int16Product& p) {
  for (std::int64_t piece = 0; piece < p.pieces.count; ++piece) {
    for (std::int64_t c = 0; c < p.out; c += kInt16Columns) {
      for (std::int64_t r = 0; r < p.rows; r += kInt16Rows) compute_tile(p, piece, r, c);
    }
  }
}

}  // namespace dnd::ops::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dnd::ops::cpu {

HWY_EXPORT(quantize_rows);
HWY_EXPORT(product);

namespace {

// (out, in) integers -> blocks of kInt16Columns outputs, in each piece by pairs of features.
void arrange(const at::Tensor& integers, const Int16Pieces& pieces, std::int16_t* to) {
  const std::int64_t out = integers.size(0);
  const auto* from = integers.const_data_ptr<std::int16_t>();
  for (std::int64_t o = 0; o < out; ++o) {
    for (std::int64_t i = 0; i < pieces.row(); ++i) {
      const std::int64_t block = o / kInt16Columns * pieces.row() / 2 + i / 2;
      to[(block * kInt16Columns + o % kInt16Columns) * 2 + i % 2] = from[o * pieces.row() + i];
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
