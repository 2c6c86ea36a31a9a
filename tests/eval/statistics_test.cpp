#include "eval/statistics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "support/expect_error.h"

namespace dnd::eval {
namespace {

// NIST/SEMATECH e-Handbook of Statistical Methods, table 1.3.6.7.2 (critical values of Student's t).
TEST(TQuantile, MatchesThePublishedTable) {
  struct Row {
    double freedom, t95, t975, t995;
  };
  for (const Row& row :
       {Row{1, 6.314, 12.706, 63.657}, Row{2, 2.920, 4.303, 9.925}, Row{3, 2.353, 3.182, 5.841},
        Row{4, 2.132, 2.776, 4.604}, Row{9, 1.833, 2.262, 3.250}, Row{19, 1.729, 2.093, 2.861},
        Row{29, 1.699, 2.045, 2.756}, Row{100, 1.660, 1.984, 2.626}}) {
    EXPECT_NEAR(t_quantile(0.95, row.freedom), row.t95, 5.01e-4) << row.freedom;
    EXPECT_NEAR(t_quantile(0.975, row.freedom), row.t975, 5.01e-4) << row.freedom;
    EXPECT_NEAR(t_quantile(0.995, row.freedom), row.t995, 5.01e-4) << row.freedom;
  }
}

// One and two degrees of freedom have closed forms.
TEST(TQuantile, MatchesTheClosedForms) {
  EXPECT_NEAR(t_quantile(0.5, 2), 0.0, 1e-12);
  for (const double p : {0.6, 0.9, 0.975, 0.9995}) {
    EXPECT_NEAR(t_quantile(p, 1), std::tan(std::numbers::pi * (p - 0.5)), 1e-8 / (1 - p));
    const double two = (2 * p - 1) * std::sqrt(2 / (4 * p * (1 - p)));
    EXPECT_NEAR(t_quantile(p, 2), two, 1e-9 * (1 + two));
    EXPECT_EQ(t_quantile(1 - p, 2), -t_quantile(1 - (1 - p), 2));
  }
}

TEST(TQuantile, RefusesWhatHasNoQuantile) {
  EXPECT_DND_ERROR(t_quantile(1.0, 3), ErrorKind::internal, "t_quantile");
  EXPECT_DND_ERROR(t_quantile(0.9, 0), ErrorKind::internal, "freedom 0");
}

// By hand: mean 3, s^2 = 2.5, standard error sqrt(0.5), t(0.975, 4) = 2.776445.
TEST(MeanInterval, IsStudents) {
  const Interval interval = mean_interval({1, 2, 3, 4, 5});
  EXPECT_EQ(interval.count, 5U);
  EXPECT_DOUBLE_EQ(interval.mean, 3.0);
  EXPECT_NEAR(*interval.half_width, 2.776445 * std::sqrt(0.5), 1e-6);
  EXPECT_NEAR(interval.low(), 1.036757, 1e-6);
  EXPECT_NEAR(interval.high(), 4.963243, 1e-6);
}

TEST(MeanInterval, OfFewTasks) {
  EXPECT_EQ(mean_interval({}).count, 0U);
  EXPECT_EQ(mean_interval({}).mean, 0.0);
  EXPECT_EQ(mean_interval({0.25}).mean, 0.25);
  EXPECT_FALSE(mean_interval({0.25}).half_width);
  EXPECT_EQ(*mean_interval({0.5, 0.5, 0.5}).half_width, 0.0);
}

TEST(Overlap, NeedsACommonPoint) {
  const Interval low = mean_interval({1, 1, 1});
  const Interval high = mean_interval({2, 2, 2});
  EXPECT_FALSE(overlap(low, high));
  EXPECT_FALSE(overlap(high, low));
  EXPECT_TRUE(overlap(low, low));
  EXPECT_TRUE(overlap(mean_interval({0, 1, 2, 3}), low));
  EXPECT_TRUE(overlap(low, mean_interval({5})));  // its interval is not known
}

}  // namespace
}  // namespace dnd::eval
