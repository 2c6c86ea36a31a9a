#include "base/dtype.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "base/random.h"
#include "support/expect_error.h"

namespace dnd {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

#if defined(__FLT16_MAX__)
// The compiler's own conversion, correctly rounded by the C standard's annex.
std::uint16_t reference_f16(float value) {
  return std::bit_cast<std::uint16_t>(static_cast<_Float16>(value));
}
float reference_f32(std::uint16_t half) {
  return static_cast<float>(std::bit_cast<_Float16>(half));
}
#endif

// Nearest even by comparing with both neighbours, in double.
std::uint16_t reference_bf16(float value) {
  const auto below = static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(value) >> 16U);
  const auto above = static_cast<std::uint16_t>(below + 1);
  const double down = std::fabs(double{value} - double{bf16_to_f32(below)});
  const double up = std::isinf(bf16_to_f32(above))
                        ? 0x1p128 - std::fabs(double{value})
                        : std::fabs(double{bf16_to_f32(above)} - double{value});
  if (down != up) return down < up ? below : above;
  return (below & 1U) == 0 ? below : above;
}

TEST(Dtype, NamesRoundTripInTheReferenceOrder) {
  for (int i = 0; i <= static_cast<int>(Dtype::u64); ++i) {
    const auto dtype = static_cast<Dtype>(i);
    EXPECT_EQ(dtype_from_name(dtype_name(dtype)), dtype);
  }
  EXPECT_EQ(dtype_name(Dtype::bf16), "BF16");
  EXPECT_EQ(dtype_name(Dtype::f8_e5m2fnuz), "F8_E5M2FNUZ");
  EXPECT_EQ(dtype_bits(Dtype::f4), 4U);
  EXPECT_EQ(dtype_bits(Dtype::f6_e3m2), 6U);
  EXPECT_EQ(dtype_bits(Dtype::boolean), 8U);
  EXPECT_EQ(dtype_bits(Dtype::c64), 64U);
  EXPECT_FALSE(dtype_from_name("bf16"));
  EXPECT_FALSE(dtype_from_name(""));
  EXPECT_EQ(parse_dtype("bf16"), Dtype::bf16);
  EXPECT_EQ(parse_dtype("F8_e4m3"), Dtype::f8_e4m3);
  EXPECT_DND_ERROR(parse_dtype("q8\n"), ErrorKind::usage, "unknown element type 'q8\\x0a'");
}

TEST(Dtype, EveryHalfSurvivesTheRoundTrip) {
  for (unsigned i = 0; i < 0x10000; ++i) {
    const auto half = static_cast<std::uint16_t>(i);
    const float value = f16_to_f32(half);
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(f16_to_f32(f32_to_f16(value)))) << i;
    } else {
      ASSERT_EQ(f32_to_f16(value), half) << i;
    }
#if defined(__FLT16_MAX__)
    if (!std::isnan(value)) {
      ASSERT_EQ(std::bit_cast<std::uint32_t>(value),
                std::bit_cast<std::uint32_t>(reference_f32(half)));
    }
#endif
  }
}

TEST(Dtype, EveryBfloat16SurvivesTheRoundTrip) {
  for (unsigned i = 0; i < 0x10000; ++i) {
    const auto bits = static_cast<std::uint16_t>(i);
    const float value = bf16_to_f32(bits);
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(bf16_to_f32(f32_to_bf16(value)))) << i;
    } else {
      ASSERT_EQ(f32_to_bf16(value), bits) << i;
    }
  }
}

TEST(Dtype, F16RoundsToNearestEven) {
  for (const auto& [value, half] :
       std::vector<std::pair<float, int>>{{1.0F, 0x3C00},
                                          {-2.0F, 0xC000},
                                          {0.0F, 0x0000},
                                          {-0.0F, 0x8000},
                                          {65504.0F, 0x7BFF},
                                          {65519.996F, 0x7BFF},  // below the tie with 2^16
                                          {65520.0F, 0x7C00},
                                          {1e30F, 0x7C00},
                                          {-1e30F, 0xFC00},
                                          {kInfinity, 0x7C00},
                                          {-kInfinity, 0xFC00},
                                          {0x1p-14F, 0x0400},  // smallest normal
                                          {0x1p-24F, 0x0001},
                                          {0x1p-25F, 0x0000},  // tie, to even
                                          {0x1.8p-24F, 0x0002},
                                          {0x1.000002p-25F, 0x0001},
                                          {0x1p-149F, 0x0000},
                                          {1.0F + 0x1p-11F, 0x3C00},
                                          {1.0F + 0x1.8p-10F, 0x3C02},
                                          {1.0F + 0x1.002p-11F, 0x3C01}}) {
    EXPECT_EQ(f32_to_f16(value), half) << value;
  }
  EXPECT_EQ(f32_to_f16(kNan) & 0x7E00, 0x7E00);
  EXPECT_EQ(f32_to_f16(std::bit_cast<float>(0x7F800001U)) & 0x7E00, 0x7E00);  // signalling
}

TEST(Dtype, Bf16RoundsToNearestEven) {
  for (const auto& [bits, rounded] : std::vector<std::pair<unsigned, int>>{{0x3F800000, 0x3F80},
                                                                           {0x3F808000, 0x3F80},
                                                                           {0x3F818000, 0x3F82},
                                                                           {0x3F808001, 0x3F81},
                                                                           {0x3F807FFF, 0x3F80},
                                                                           {0x80000000, 0x8000},
                                                                           {0x7F7FFFFF, 0x7F80},
                                                                           {0xFF7FFFFF, 0xFF80},
                                                                           {0x7F7F7FFF, 0x7F7F},
                                                                           {0x7F800000, 0x7F80},
                                                                           {0x00000001, 0x0000},
                                                                           {0x00018000, 0x0002}}) {
    EXPECT_EQ(f32_to_bf16(std::bit_cast<float>(bits)), rounded) << std::hex << bits;
  }
  EXPECT_EQ(f32_to_bf16(kNan) & 0x7FC0, 0x7FC0);
  EXPECT_EQ(f32_to_bf16(std::bit_cast<float>(0xFF800001U)), 0xFFC0);  // a NaN, not infinity
}

TEST(Dtype, ConversionsAgreeWithReferencesOnRandomBits) {
  SplitMix64 random(7);
  for (int i = 0; i < 1'000'000; ++i) {
    const auto value = std::bit_cast<float>(static_cast<std::uint32_t>(random.next()));
    if (std::isnan(value) || std::isinf(value)) continue;
    ASSERT_EQ(f32_to_bf16(value), reference_bf16(value)) << value;
#if defined(__FLT16_MAX__)
    // Into the range of halves and a bit around it, where roundings are.
    int exponent = 0;
    const float near =
        std::ldexp(std::frexp(value, &exponent), static_cast<int>(random.below(45)) - 27);
    ASSERT_EQ(f32_to_f16(near), reference_f16(near)) << near;
#endif
  }
}

TEST(Dtype, SpansConvertBothWays) {
  const std::vector<float> values = {0.0F, 1.5F, -2.0F, 1024.0F};
  for (const Dtype dtype : {Dtype::f16, Dtype::bf16, Dtype::f32}) {
    std::vector<std::byte> bytes(values.size() * dtype_bits(dtype) / 8 + 1);
    const auto odd = std::span(bytes).subspan(1);  // no alignment is needed
    from_f32(dtype, values, odd);
    std::vector<float> back(values.size());
    to_f32(dtype, odd, back);
    EXPECT_EQ(back, values);
  }
  const std::array<double, 2> doubles = {0.1, 1e300};
  std::array<float, 2> floats{};
  to_f32(Dtype::f64, std::as_bytes(std::span(doubles)), floats);
  EXPECT_EQ(floats[0], 0.1F);
  EXPECT_EQ(floats[1], kInfinity);
  to_f32(Dtype::f16, {}, {});
  from_f32(Dtype::f16, {}, {});
}

TEST(Dtype, SpansRefuseOtherTypesAndSizes) {
  std::array<float, 2> floats{};
  const std::array<std::byte, 8> bytes{};
  EXPECT_FALSE(is_float_convertible(Dtype::i32));
  EXPECT_DND_ERROR(to_f32(Dtype::i32, bytes, floats), ErrorKind::data, "I32 values where a float");
  EXPECT_DND_ERROR(to_f32(Dtype::f16, bytes, floats), ErrorKind::internal, "do not hold");
  std::array<std::byte, 16> target{};
  EXPECT_DND_ERROR(from_f32(Dtype::f64, floats, target), ErrorKind::internal, "F64");
}

TEST(FirstNotFinite, IsWhereTheStoredValueWouldBeInfiniteOrNan) {
  const std::vector<float> values = {0.0F,     -1.0F,    65519.9F,  65520.0F,
                                     3.38e38F, 3.40e38F, kInfinity, kNan};
  for (const Dtype dtype : {Dtype::f16, Dtype::bf16, Dtype::f32}) {
    std::optional<std::size_t> expected;
    for (std::size_t i = values.size(); i-- > 0;) {
      std::array<std::byte, 4> bytes{};
      const auto stored = std::span(bytes).first(dtype_bits(dtype) / 8);
      float back = 0.0F;
      from_f32(dtype, std::span(&values[i], 1), stored);
      to_f32(dtype, stored, std::span(&back, 1));
      if (!std::isfinite(back)) expected = i;
    }
    EXPECT_EQ(first_not_finite(dtype, values), expected) << dtype_name(dtype);
  }
  EXPECT_EQ(first_not_finite(Dtype::f16, std::vector<float>{1.0F, 2.0F}), std::nullopt);
}

}  // namespace
}  // namespace dnd
