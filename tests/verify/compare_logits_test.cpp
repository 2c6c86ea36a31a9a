#include "verify/compare_logits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "support/expect_error.h"

namespace dnd::verify {
namespace {

using ::testing::HasSubstr;
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinite = std::numeric_limits<float>::infinity();

TEST(CompareLogits, OfTwoPositions) {
  // Probabilities 1/4, 3/4 against 3/4, 1/4; and twice the same.
  const float third = std::log(3.0F);
  const LogitChange change =
      compare_logits({{2, 2}, {0.0F, third, 5.0F, -8.0F}}, {{2, 2}, {third, 0.0F, 6.0F, -7.0F}});
  EXPECT_EQ(change.positions, 2U);
  EXPECT_EQ(change.other_choices, 1U);
  EXPECT_NEAR(change.largest, std::log(3.0), 1e-6);
  EXPECT_NEAR(change.relative, std::log(3.0) / 8.0, 1e-6);
  EXPECT_NEAR(change.kl, 0.5 * 0.5 * std::log(3.0), 1e-6);
  EXPECT_TRUE(judge(change).empty());
}

TEST(CompareLogits, NothingChanges) {
  const HostTensor logits{{1, 3}, {1.0F, 2.0F, 3.0F}};
  const LogitChange change = compare_logits(logits, logits);
  EXPECT_EQ(change.largest, 0.0);
  EXPECT_EQ(change.kl, 0.0);
  const std::vector<Finding> findings = judge(change);
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].severity, Severity::error);
  EXPECT_EQ(findings[0].check, "run");
  EXPECT_THAT(findings[0].message, HasSubstr("the adapter does nothing"));
}

TEST(CompareLogits, NotFinite) {
  const HostTensor sound{{1, 2}, {1.0F, 2.0F}};
  const HostTensor broken{{1, 2}, {kNan, kInfinite}};
  const LogitChange change = compare_logits(sound, broken);
  EXPECT_EQ(change.adapted_not_finite, 2U);
  EXPECT_EQ(change.largest, 0.0);
  EXPECT_THAT(judge(change).at(0).message,
              HasSubstr("2 logits of 1 positions are not finite with"));
  EXPECT_THAT(judge(compare_logits(broken, broken)).at(0).message,
              HasSubstr("the base itself is broken"));
}

TEST(CompareLogits, OfDifferentShapes) {
  EXPECT_DND_ERROR(compare_logits({{1, 2}, {1.0F, 2.0F}}, {{2, 1}, {1.0F, 2.0F}}),
                   ErrorKind::internal, "[1, 2] and [2, 1] cannot be compared");
}

}  // namespace
}  // namespace dnd::verify
