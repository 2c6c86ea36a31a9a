#include "tasks/criterion_weights.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace dnd::tasks {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

TEST(CellStatistics, MeanAndPopulationDeviation) {
  CellStatistics statistics;
  statistics.add(std::vector<float>{1.0F, kNan, 5.0F});
  statistics.add(std::vector<float>{3.0F, kNan, 5.0F});
  EXPECT_DOUBLE_EQ(statistics.mean()[0], 2.0);
  EXPECT_DOUBLE_EQ(statistics.deviation()[0], 1.0);
  EXPECT_DOUBLE_EQ(statistics.deviation()[2], 0.0);
  EXPECT_TRUE(std::isnan(statistics.mean()[1]));
}

// Two tokens of two cells. Deviations 1, 3 | NaN, 2; sum 6; three valid cells.
TEST(CriterionWeights, FollowTheReleasedFormula) {
  CellStatistics statistics;
  statistics.add(std::vector<float>{0.0F, 0.0F, kNan, 0.0F});
  statistics.add(std::vector<float>{2.0F, 6.0F, kNan, 4.0F});
  const std::vector<double> weights = criterion_weights(statistics, 2);
  EXPECT_DOUBLE_EQ(weights[0], (1.0 + 3.0) / 6.0 / 2.0 * 3.0);
  EXPECT_DOUBLE_EQ(weights[1], 2.0 / 6.0 * 3.0);
}

TEST(CriterionWeights, AreOneWithoutSpread) {
  const std::vector<double> ones = {1.0, 1.0};
  CellStatistics statistics;
  statistics.add(std::vector<float>{0.3F, 0.1F, kNan, 0.7F});
  EXPECT_EQ(criterion_weights(statistics, 2), ones);
  statistics.add(std::vector<float>{0.3F, 0.1F, kNan, 0.7F});
  EXPECT_EQ(criterion_weights(statistics, 2), ones);
}

}  // namespace
}  // namespace dnd::tasks
