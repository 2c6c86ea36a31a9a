#include "linalg/ridge.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/random.h"
#include "support/expect_error.h"

namespace dnd::linalg {
namespace {

std::vector<float> random_values(std::size_t count, std::uint64_t seed) {
  SplitMix64 random(seed);
  std::vector<float> values(count);
  for (float& value : values) value = 2.0F * random.unit() - 1.0F;
  return values;
}

// The mean of squared errors of predicting each row from a fit without it, lambda held fixed: by hand
// for one input, where w = <x, y> / (<x, x> + lambda).
double left_out_by_hand(const std::vector<float>& inputs, const std::vector<float>& targets,
                        double lambda) {
  const std::vector<double> x(inputs.begin(), inputs.end());
  const std::vector<double> y(targets.begin(), targets.end());
  double total = 0.0;
  for (std::size_t out = 0; out < x.size(); ++out) {
    double mean_x = 0.0;
    double mean_y = 0.0;
    const double n = static_cast<double>(x.size()) - 1.0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (i == out) continue;
      mean_x += x[i] / n;
      mean_y += y[i] / n;
    }
    double xy = 0.0;
    double xx = lambda;
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (i == out) continue;
      xy += (x[i] - mean_x) * (y[i] - mean_y);
      xx += (x[i] - mean_x) * (x[i] - mean_x);
    }
    const double error = mean_y + (x[out] - mean_x) * xy / xx - y[out];
    total += error * error / static_cast<double>(x.size());
  }
  return total;
}

TEST(Ridge, FindsALinearMapWithAnOffset) {
  const std::vector<float> x = random_values(std::size_t{20} * 3, 1);
  std::vector<float> y;
  for (std::size_t i = 0; i < 20; ++i) {
    y.push_back(2.0F * x[3 * i] - x[3 * i + 2] + 5.0F);
    y.push_back(0.5F * x[3 * i + 1] - 1.0F);
  }
  const Ridge ridge(20, x, y);
  const std::vector<float> input = {0.3F, -0.2F, 0.9F};
  const std::vector<float> output = ridge.predict(input);
  ASSERT_EQ(output.size(), 2U);
  EXPECT_NEAR(output[0], 4.7, 1e-3);
  EXPECT_NEAR(output[1], -1.1, 1e-3);
}

TEST(Ridge, LeaveOneOutErrorIsThatOfRefitting) {
  const std::vector<float> x = random_values(9, 2);
  const std::vector<float> y = random_values(9, 3);
  const Ridge ridge(9, x, y);
  EXPECT_NEAR(ridge.leave_one_out_error(), left_out_by_hand(x, y, ridge.lambda()), 1e-6);
}

TEST(Ridge, NoiseIsShrunkToTheMean) {
  const std::vector<float> x = random_values(std::size_t{30} * 40, 4);
  const std::vector<float> y = random_values(30, 5);
  double mean = 0.0;
  for (const float value : y) mean += static_cast<double>(value) / 30.0;
  const Ridge ridge(30, x, y);
  EXPECT_NEAR(ridge.predict(random_values(40, 6))[0], mean, 0.3);
}

TEST(Ridge, RefusesWhatItCannotUse) {
  const std::vector<float> two = {1.0F, 2.0F};
  EXPECT_DND_ERROR(Ridge(2, two, two), ErrorKind::data, "2 rows");
  const std::vector<float> three = {1.0F, 2.0F, 3.0F};
  EXPECT_DND_ERROR(Ridge(3, three, two), ErrorKind::data, "2 values of y");
  const std::vector<float> same = {1.0F, 1.0F, 1.0F};
  EXPECT_DND_ERROR(Ridge(3, same, three), ErrorKind::data, "equal");
  const std::vector<float> bad = {1.0F, std::numeric_limits<float>::quiet_NaN(), 1.0F};
  EXPECT_DND_ERROR(Ridge(3, bad, three), ErrorKind::data, "not finite");
  EXPECT_DND_ERROR(Ridge(3, three, three).predict(two), ErrorKind::data, "2 inputs");
}

}  // namespace
}  // namespace dnd::linalg
