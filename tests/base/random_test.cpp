#include "base/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <numeric>

namespace dnd {
namespace {

// The first outputs of the published reference code for this seed.
TEST(Random, MatchesTheReferenceStream) {
  SplitMix64 random(1234567);
  for (const std::uint64_t expected :
       {6457827717110365317ULL, 3203168211198807973ULL, 9817491932198370423ULL,
        4593380528125082431ULL, 16408922859458223821ULL}) {
    EXPECT_EQ(random.next(), expected);
  }
}

TEST(Random, BelowStaysBelowAndReachesEveryValue) {
  SplitMix64 random(1);
  std::array<int, 7> counts{};
  for (int i = 0; i < 70'000; ++i) ++counts.at(random.below(7));
  for (const int count : counts) EXPECT_NEAR(count, 10'000, 500);
  EXPECT_EQ(random.below(1), 0U);
  EXPECT_LT(random.below(~0ULL), ~0ULL);
}

TEST(Random, UnitIsInTheHalfOpenInterval) {
  SplitMix64 random(2);
  double sum = 0;
  for (int i = 0; i < 100'000; ++i) {
    const float value = random.unit();
    ASSERT_GE(value, 0.0F);
    ASSERT_LT(value, 1.0F);
    sum += double{value};
  }
  EXPECT_NEAR(sum / 100'000, 0.5, 0.01);
}

TEST(Random, DrawsArePermutationsAndPrefixesOfThem) {
  for (std::size_t size = 0; size < 50; ++size) {
    SplitMix64 all_random(size);
    SplitMix64 some_random(size);
    const auto all = draw_without_replacement(size, size, all_random);
    const auto some = draw_without_replacement(size, size / 2, some_random);
    EXPECT_TRUE(std::equal(some.begin(), some.end(), all.begin()));
    std::vector<std::size_t> identity(size);
    std::iota(identity.begin(), identity.end(), 0U);
    EXPECT_TRUE(std::is_permutation(all.begin(), all.end(), identity.begin(), identity.end()));
  }
}

// Adapters are reproducible by seed: these numbers must never change.
TEST(Random, DrawsArePinned) {
  SplitMix64 random(42);
  EXPECT_EQ(draw_without_replacement(10, 5, random), (std::vector<std::size_t>{3, 2, 4, 5, 8}));
}

}  // namespace
}  // namespace dnd
