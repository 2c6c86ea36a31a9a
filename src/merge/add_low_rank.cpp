#include "merge/add_low_rank.h"

#include <algorithm>
#include <cstdlib>

#include "base/strings.h"

// Highway compiles what stands between HWY_BEFORE_NAMESPACE and HWY_AFTER_NAMESPACE once per
// instruction set, by including this file again and again.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "merge/add_low_rank.cpp"
#include <hwy/foreach_target.h>  // first of Highway's headers
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace dnd::merge::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// One type of weight: `load` is exact, `store` rounds to nearest even. Values that the type cannot
// hold are found before they are stored (`kFiniteLimit`: the bits of the smallest magnitude that
// rounds to infinity), so what `store` makes of them does not matter.
struct F32Codec {
  using Stored = float;
  static constexpr std::int32_t kFiniteLimit = 0x7F800000;

  template <class D>
  static hn::Vec<D> load(D d, const float* from) {
    return hn::LoadU(d, from);
  }
  template <class D>
  static void store(D d, hn::Vec<D> value, float* to) {
    hn::StoreU(value, d, to);
  }
};

struct Bf16Codec {
  using Stored = std::uint16_t;
  static constexpr std::int32_t kFiniteLimit = 0x7F7F8000;

  template <class D>
  static hn::Vec<D> load(D d, const std::uint16_t* from) {
    const hn::RebindToUnsigned<D> wide;
    const hn::Rebind<std::uint16_t, D> narrow;
    return hn::BitCast(d, hn::ShiftLeft<16>(hn::PromoteTo(wide, hn::LoadU(narrow, from))));
  }
  template <class D>
  static void store(D /*d*/, hn::Vec<D> value, std::uint16_t* to) {
    const hn::RebindToUnsigned<D> wide;
    const hn::Rebind<std::uint16_t, D> narrow;
    const auto bits = hn::BitCast(wide, value);
    const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(wide, 1U));
    const auto rounded = hn::ShiftRight<16>(hn::Add(bits, hn::Add(odd, hn::Set(wide, 0x7FFFU))));
    hn::StoreU(hn::DemoteTo(narrow, hn::BitCast(hn::RebindToSigned<D>(), rounded)), narrow, to);
  }
};

// The arithmetic of base/dtype.cpp: the same on every instruction set, with F16C or without.
struct F16Codec {
  using Stored = std::uint16_t;
  static constexpr std::int32_t kFiniteLimit = 0x477FF000;

  template <class D>
  static hn::Vec<D> load(D d, const std::uint16_t* from) {
    const hn::RebindToUnsigned<D> wide;
    const hn::Rebind<std::uint16_t, D> narrow;
    const auto bits = hn::PromoteTo(wide, hn::LoadU(narrow, from));
    const auto sign = hn::ShiftLeft<16>(hn::And(bits, hn::Set(wide, 0x8000U)));
    const auto rest = hn::And(bits, hn::Set(wide, 0x7FFFU));
    // 2^112 moves the exponent's bias from 15 to 127, subnormal numbers included.
    const auto finite =
        hn::BitCast(wide, hn::Mul(hn::BitCast(d, hn::ShiftLeft<13>(rest)), hn::Set(d, 0x1p112F)));
    const auto is_special = hn::Gt(rest, hn::Set(wide, 0x7BFFU));
    const auto special = hn::Or(finite, hn::Set(wide, 0x7F800000U));
    return hn::BitCast(d, hn::Or(sign, hn::IfThenElse(is_special, special, finite)));
  }
  template <class D>
  static void store(D d, hn::Vec<D> value, std::uint16_t* to) {
    const hn::RebindToUnsigned<D> wide;
    const hn::Rebind<std::uint16_t, D> narrow;
    const auto bits = hn::BitCast(wide, value);
    const auto sign = hn::And(hn::ShiftRight<16>(bits), hn::Set(wide, 0x8000U));
    const auto magnitude = hn::And(bits, hn::Set(wide, 0x7FFFFFFFU));
    // Below 2^-14, adding 0.5 makes the fp32 adder round to a multiple of 2^-24.
    const auto small =
        hn::Sub(hn::BitCast(wide, hn::Add(hn::BitCast(d, magnitude), hn::Set(d, 0.5F))),
                hn::Set(wide, 0x3F000000U));
    const auto odd = hn::And(hn::ShiftRight<13>(magnitude), hn::Set(wide, 1U));
    const auto normal =
        hn::ShiftRight<13>(hn::Add(hn::Sub(magnitude, hn::Set(wide, 0x38000000U - 0xFFFU)), odd));
    const auto is_small = hn::Lt(magnitude, hn::Set(wide, 0x38800000U));
    const auto half = hn::Or(sign, hn::IfThenElse(is_small, small, normal));
    hn::StoreU(hn::DemoteTo(narrow, hn::BitCast(hn::RebindToSigned<D>(), half)), narrow, to);
  }
};

// One block: where it is, and the largest magnitude (as bits) of its results so far.
template <class Codec>
struct Job {
  typename Codec::Stored* weights;
  const LowRankUpdate& update;
  std::int32_t peak = 0;

  typename Codec::Stored* at(std::int64_t row, std::int64_t column) const {
    return weights + row * update.columns + column;
  }
  const float* b(std::int64_t row) const {
    return update.b.data() + row * static_cast<std::int64_t>(update.a.size());
  }
};

template <class Codec, class D, class Peak>
HWY_INLINE void finish(D d, typename Codec::Stored* weight, hn::Vec<D> sum, Peak& peak) {
  const hn::RebindToSigned<D> integers;
  const auto result = hn::Add(Codec::load(d, weight), sum);
  peak = hn::Max(peak, hn::BitCast(integers, hn::Abs(result)));
  Codec::store(d, result, weight);
}

// Columns [begin, end) of one row; end - begin is a multiple of the vector's length.
template <class Codec, class D>
HWY_INLINE void add_to_row(D d, Job<Codec>& job, std::int64_t row, std::int64_t begin,
                           std::int64_t end) {
  const hn::RebindToSigned<D> integers;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const float* b = job.b(row);
  auto peak = hn::Zero(integers);
  for (std::int64_t i = begin; i < end; i += lanes) {
    auto sum = hn::Zero(d);
    for (std::size_t r = 0; r < job.update.a.size(); ++r) {
      sum = hn::MulAdd(hn::Set(d, b[r]), hn::LoadU(d, job.update.a[r] + i), sum);
    }
    finish<Codec>(d, job.at(row, i), sum, peak);
  }
  job.peak = std::max(job.peak, hn::GetLane(hn::MaxOfLanes(integers, peak)));
}

// Four rows by two vectors at a time: 8 sums in registers share the loads of A. end - begin is a
// multiple of two vectors.
template <class Codec, class D>
HWY_INLINE void add_to_four_rows(D d, Job<Codec>& job, std::int64_t row, std::int64_t begin,
                                 std::int64_t end) {
  const hn::RebindToSigned<D> integers;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const std::size_t rank = job.update.a.size();
  const float* b = job.b(row);
  auto peak = hn::Zero(integers);
  for (std::int64_t i = begin; i < end; i += 2 * lanes) {
    auto s00 = hn::Zero(d), s01 = s00, s10 = s00, s11 = s00;
    auto s20 = s00, s21 = s00, s30 = s00, s31 = s00;
    for (std::size_t r = 0; r < rank; ++r) {
      const auto a0 = hn::LoadU(d, job.update.a[r] + i);
      const auto a1 = hn::LoadU(d, job.update.a[r] + i + lanes);
      const auto b0 = hn::Set(d, b[r]), b1 = hn::Set(d, b[rank + r]);
      const auto b2 = hn::Set(d, b[2 * rank + r]), b3 = hn::Set(d, b[3 * rank + r]);
      s00 = hn::MulAdd(b0, a0, s00), s01 = hn::MulAdd(b0, a1, s01);
      s10 = hn::MulAdd(b1, a0, s10), s11 = hn::MulAdd(b1, a1, s11);
      s20 = hn::MulAdd(b2, a0, s20), s21 = hn::MulAdd(b2, a1, s21);
      s30 = hn::MulAdd(b3, a0, s30), s31 = hn::MulAdd(b3, a1, s31);
    }
    finish<Codec>(d, job.at(row, i), s00, peak);
    finish<Codec>(d, job.at(row, i + lanes), s01, peak);
    finish<Codec>(d, job.at(row + 1, i), s10, peak);
    finish<Codec>(d, job.at(row + 1, i + lanes), s11, peak);
    finish<Codec>(d, job.at(row + 2, i), s20, peak);
    finish<Codec>(d, job.at(row + 2, i + lanes), s21, peak);
    finish<Codec>(d, job.at(row + 3, i), s30, peak);
    finish<Codec>(d, job.at(row + 3, i + lanes), s31, peak);
  }
  job.peak = std::max(job.peak, hn::GetLane(hn::MaxOfLanes(integers, peak)));
}

template <class Codec>
void add_to_columns(Job<Codec>& job, std::int64_t begin, std::int64_t end) {
  const hn::ScalableTag<float> d;
  const hn::CappedTag<float, 1> one;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const std::int64_t pairs_end = end - (end - begin) % (2 * lanes);
  const std::int64_t vectors_end = end - (end - begin) % lanes;
  const std::int64_t fours_end = job.update.rows - job.update.rows % 4;
  for (std::int64_t row = 0; row < fours_end; row += 4) {
    add_to_four_rows(d, job, row, begin, pairs_end);
  }
  for (std::int64_t row = 0; row < job.update.rows; ++row) {
    add_to_row(d, job, row, row < fours_end ? pairs_end : begin, vectors_end);
    add_to_row(one, job, row, vectors_end, end);
  }
}

template <class Codec>
bool add(std::byte* weights, const LowRankUpdate& update) {
  // Columns of A that stay in the first-level cache while all rows pass by: 24 KiB of floats.
  constexpr std::int64_t kCachedFloats = 6144;
  constexpr std::int64_t kStep = 64;
  const auto rank = std::max<std::int64_t>(1, static_cast<std::int64_t>(update.a.size()));
  const std::int64_t tile = std::max(kStep, kCachedFloats / rank / kStep * kStep);
  Job<Codec> job{reinterpret_cast<typename Codec::Stored*>(weights), update};
  for (std::int64_t begin = 0; begin < update.columns; begin += tile) {
    add_to_columns(job, begin, std::min(begin + tile, update.columns));
  }
  return job.peak < Codec::kFiniteLimit;
}

bool add_f32(std::byte* weights, const LowRankUpdate& update) {
  return add<F32Codec>(weights, update);
}
bool add_f16(std::byte* weights, const LowRankUpdate& update) {
  return add<F16Codec>(weights, update);
}
bool add_bf16(std::byte* weights, const LowRankUpdate& update) {
  return add<Bf16Codec>(weights, update);
}

}  // namespace dnd::merge::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dnd::merge {

HWY_EXPORT(add_f32);
HWY_EXPORT(add_f16);
HWY_EXPORT(add_bf16);

bool add_low_rank(Dtype dtype, std::span<std::byte> weights, const LowRankUpdate& update) {
  const auto elements = static_cast<std::uint64_t>(update.rows * update.columns);
  if (weights.size() * 8 != elements * dtype_bits(dtype) ||
      update.b.size() != update.a.size() * static_cast<std::uint64_t>(update.rows)) {
    fail(ErrorKind::internal, "add_low_rank: sizes do not fit");
  }
  switch (dtype) {
    case Dtype::f32:
      return HWY_DYNAMIC_DISPATCH(add_f32)(weights.data(), update);
    case Dtype::f16:
      return HWY_DYNAMIC_DISPATCH(add_f16)(weights.data(), update);
    case Dtype::bf16:
      return HWY_DYNAMIC_DISPATCH(add_bf16)(weights.data(), update);
    default:
      fail(ErrorKind::internal, "add_low_rank: ", dtype_name(dtype), " weights");
  }
}

}  // namespace dnd::merge
#endif  // HWY_ONCE
