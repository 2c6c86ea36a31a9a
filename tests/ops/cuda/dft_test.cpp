// The transforms in registers against plain sums in fp64.
#include "ops/cuda/dft.h"

#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <vector>

#include "base/random.h"
#include "ops/cuda/conv_plan.h"

namespace dnd::ops::cuda {
namespace {

constexpr double kDftBound = 3e-7;

using Values = std::vector<std::complex<double>>;

Values random_points(std::size_t size) {
  SplitMix64 random(size);
  const auto number = [&] { return static_cast<double>(2.0F * random.unit() - 1.0F); };
  Values values(size);
  for (auto& value : values) value = {number(), number()};
  return values;
}

// sign: of the exponent.
Values plain_sums(const Values& x, double sign) {
  const auto size = static_cast<double>(x.size());
  Values sums(x.size());
  for (std::size_t k = 0; k < x.size(); ++k) {
    for (std::size_t n = 0; n < x.size(); ++n) {
      const auto turns = static_cast<double>(k * n % x.size()) / size;
      sums[k] += x[n] * std::polar(1.0, sign * 2.0 * std::numbers::pi * turns);
    }
  }
  return sums;
}

double distance(const Values& values, const Values& expected) {
  double squares = 0.0;
  double norm = 0.0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    squares += std::norm(values[i] - expected[i]);
    norm += std::norm(expected[i]);
  }
  return std::sqrt(squares / norm);
}

template <int N>
Points<N> points_of(const Values& values) {
  Points<N> points;
  for (int n = 0; n < N; ++n) {
    points.real[n] = static_cast<float>(values[static_cast<std::size_t>(n)].real());
    points.imaginary[n] = static_cast<float>(values[static_cast<std::size_t>(n)].imag());
  }
  return points;
}

template <int N>
Values values_of(const Points<N>& points) {
  Values values;
  for (int n = 0; n < N; ++n) values.emplace_back(points.real[n], points.imaginary[n]);
  return values;
}

template <int N>
void check_complex() {
  const Values x = random_points(N);
  Points<N> forward = points_of<N>(x);
  transform(forward);
  EXPECT_LT(distance(values_of(forward), plain_sums(x, -1.0)), kDftBound) << N;
  Points<N> back = points_of<N>(x);
  transform_back(back);
  EXPECT_LT(distance(values_of(back), plain_sums(x, 1.0)), kDftBound) << N;
}

template <int N>
void check_real() {
  Values x = random_points(N);
  float points[N];
  for (int n = 0; n < N; ++n) {
    auto& value = x[static_cast<std::size_t>(n)];
    value = value.real();
    points[n] = static_cast<float>(value.real());
  }
  Points<N / 2 + 1> frequencies;
  transform_real<N>(points, frequencies);
  Values half = plain_sums(x, -1.0);
  half.resize(N / 2 + 1);
  EXPECT_LT(distance(values_of(frequencies), half), kDftBound) << N;
  float again[N];
  transform_real_back<N>(frequencies, again);
  Values values;
  for (const float value : again) values.emplace_back(value / N);
  EXPECT_LT(distance(values, x), kDftBound) << N;
}

TEST(DftTest, EveryTileIsThePlainSum) {
  for_constants<static_cast<int>(std::size(kTiles))>([](auto index) {
    check_complex<kTiles[decltype(index)::kValue]>();
    check_real<kTiles[decltype(index)::kValue]>();
  });
}

// Those that longer ones are made of, too.
TEST(DftTest, EveryFactorIsThePlainSum) {
  check_complex<1>();
  check_complex<2>();
  check_complex<3>();
  check_complex<4>();
  check_complex<5>();
  check_complex<6>();
  check_complex<7>();
  check_complex<8>();
  check_complex<15>();
  check_complex<105>();
}

TEST(DftTest, ConstantsAreThoseOfTheLibrary) {
  for (int length = 1; length <= 64; ++length) {
    for (int n = 0; n < length; ++n) {
      const double angle = 2.0 * std::numbers::pi * n / length;
      EXPECT_NEAR(cosine_of_turn(n, length), std::cos(angle), 2e-15) << n << " of " << length;
      EXPECT_NEAR(sine_of_turn(n, length), std::sin(angle), 2e-15) << n << " of " << length;
    }
  }
}

}  // namespace
}  // namespace dnd::ops::cuda
