#include "bundle/half_weights.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "base/dtype.h"
#include "support/expect_error.h"

namespace dnd::bundle {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Of one channel.
std::int32_t exponent_of(std::vector<float> values) {
  ExponentChooser chooser("w", 1, static_cast<std::int64_t>(values.size()));
  chooser.add(values);
  return chooser.exponents().front();
}

std::vector<float> halves_of(const std::vector<std::byte>& bytes) {
  std::vector<float> values(bytes.size() / 2);
  to_f32(Dtype::f16, bytes, values);
  return values;
}

TEST(ExponentChooser, LeavesAloneWhatFits) {
  EXPECT_EQ(exponent_of({0.0F, -0.0F}), 0);
  EXPECT_EQ(exponent_of({0x1p-14F, -65519.0F, 0.0F}), 0);
  EXPECT_EQ(exponent_of({0.5F, -1.0F}), 0);
}

TEST(ExponentChooser, BringsTheLargestJustBelowTheEndOfTheRange) {
  EXPECT_EQ(exponent_of({0x1.fffp-15F, 1.0F}), -14);
  EXPECT_EQ(exponent_of({1.0F, 65520.0F}), 1);
  EXPECT_EQ(exponent_of({-0x1.8p-40F}), -54);
  EXPECT_EQ(exponent_of({0x1.8p80F, 0.0F}), 66);
}

TEST(ExponentChooser, StaysInTheRangeOfExponents) {
  EXPECT_EQ(exponent_of({std::numeric_limits<float>::denorm_min()}), -112);
  EXPECT_EQ(exponent_of({std::numeric_limits<float>::max()}), 112);
}

TEST(ExponentChooser, EachChannelHasItsOwnWhateverThePieces) {
  ExponentChooser chooser("w", 3, 2);
  const std::vector<float> values = {1.0F, 0x1p-20F, 2.0F, 3.0F, -0x1p-30F, 0.0F};
  chooser.add(std::span(values).subspan(0, 1));
  chooser.add(std::span(values).subspan(1, 4));
  chooser.add(std::span(values).subspan(5, 1));
  EXPECT_EQ(chooser.exponents(), (std::vector<std::int32_t>{-14, 0, -44}));
}

TEST(ExponentChooser, RefusesWhatIsNotFinite) {
  EXPECT_DND_ERROR(exponent_of({1.0F, kInfinity}), ErrorKind::data,
                   "tensor 'w' holds inf, not a finite F32");
  EXPECT_DND_ERROR(exponent_of({NAN}), ErrorKind::data, "tensor 'w' holds nan");
}

// Values over sixty orders of magnitude: scaled back, each is within half a unit in the last of fp16's
// eleven digits of what it was. Without exponents half of them would be 0 or infinite.
TEST(HalfRounder, KeepsElevenDigitsOfEveryWeight) {
  std::vector<float> values;
  for (int channel = 0; channel < 200; ++channel) {
    for (int i = 0; i < 8; ++i) {
      const float mantissa =
          1.0F + std::fmod(0.618034F * static_cast<float>(channel * 8 + i), 1.0F);
      values.push_back(std::ldexp(i % 2 == 0 ? mantissa : -mantissa, channel - 100 - 3 * i));
    }
  }
  ExponentChooser chooser("w", 200, 8);
  chooser.add(values);
  const std::vector<std::int32_t> exponents = chooser.exponents();
  HalfRounder rounder("w", exponents, 8);
  const std::vector<float> first = halves_of(rounder.round(std::span(values).subspan(0, 803)));
  std::vector<float> stored = halves_of(rounder.round(std::span(values).subspan(803)));
  stored.insert(stored.begin(), first.begin(), first.end());
  double largest = 0.0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    EXPECT_GE(std::abs(stored[i]), 0x1p-14F);
    const double back = std::ldexp(static_cast<double>(stored[i]), exponents[i / 8]);
    largest = std::max(largest, std::abs(back / static_cast<double>(values[i]) - 1.0));
  }
  EXPECT_LE(largest, 0x1p-11);
  EXPECT_GT(largest, 0x1p-12);
  EXPECT_NEAR(rounder.loss().largest, largest, 1e-15);
  EXPECT_EQ(rounder.loss().channels, 200);
  EXPECT_EQ(rounder.loss().scaled_channels,
            200 - std::count(exponents.begin(), exponents.end(), 0));
}

TEST(HalfRounder, TellsWhatIsLost) {
  HalfRounder rounder("w", {0, 1}, 2);
  // 0x1p-25 is halfway between 0 and the least half: to even. 2049 becomes 2048 as a half, but not
  // times 2^-1.
  const auto stored = halves_of(rounder.round(std::vector<float>{0x1p-25F, 1.0F, 0.0F, 2049.0F}));
  EXPECT_EQ(stored, (std::vector<float>{0.0F, 1.0F, 0.0F, 1024.0F}));
  EXPECT_EQ(rounder.loss().largest, 1.0);
  EXPECT_EQ(rounder.loss().scaled_channels, 1);
  const double rms = std::sqrt((0x1p-50 + 1.0) / (0x1p-50 + 1.0 + 2049.0 * 2049.0));
  EXPECT_NEAR(rounder.loss().relative_rms(), rms, 1e-12);
  RoundingLoss sum = rounder.loss();
  sum.add(rounder.loss());
  EXPECT_EQ(sum.channels, 4);
  EXPECT_NEAR(sum.relative_rms(), rms, 1e-12);
}

TEST(HalfRounder, RefusesWhatNoExponentHolds) {
  HalfRounder rounder("w", {112}, 1);
  EXPECT_DND_ERROR(rounder.round(std::vector<float>{std::numeric_limits<float>::max()}),
                   ErrorKind::data, "tensor 'w' holds 3.40282e+38, not a finite F16 (keep f32)");
}

}  // namespace
}  // namespace dnd::bundle
