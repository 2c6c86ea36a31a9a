#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "support/expect_error.h"
#include "text/prompts.h"

namespace dnd::text {
namespace {

using Indices = std::vector<std::size_t>;

std::vector<std::string> numbered(std::size_t count) {
  std::vector<std::string> prompts;
  for (std::size_t i = 0; i < count; ++i) prompts.push_back(std::to_string(i));
  return prompts;
}

Indices draw(std::size_t available, std::size_t needed, std::uint64_t seed, std::size_t variant) {
  return select_prompts(numbered(available), needed, SelectMode::random, seed, variant).indices;
}

Indices first(std::size_t count) {
  Indices indices(count);
  std::iota(indices.begin(), indices.end(), std::size_t{0});
  return indices;
}

TEST(SelectPrompts, ExactlyEnoughKeepsTheOrder) {
  for (const SelectMode mode : {SelectMode::random, SelectMode::first}) {
    for (const std::size_t variant : {0U, 1U, 7U}) {
      const Selection selection = select_prompts(numbered(5), 5, mode, 3, variant);
      EXPECT_EQ(selection.indices, first(5));
      EXPECT_EQ(selection.distinct, 5U);
    }
  }
}

TEST(SelectPrompts, FewerAreRepeatedInOrder) {
  const Selection selection = select_prompts(numbered(3), 7, SelectMode::random, 0, 0);
  EXPECT_EQ(selection.indices, (Indices{0, 1, 2, 0, 1, 2, 0}));
  EXPECT_EQ(selection.distinct, 3U);
}

TEST(SelectPrompts, DistinctCountsTexts) {
  EXPECT_EQ(select_prompts({"a", "b", "a", "c"}, 3, SelectMode::first, 0, 0).distinct, 2U);
}

TEST(SelectPrompts, FirstTakesTheFirst) {
  EXPECT_EQ(select_prompts(numbered(100), 10, SelectMode::first, 5, 2).indices, first(10));
}

TEST(SelectPrompts, DrawsWithoutReplacement) {
  std::set<Indices> draws;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    for (std::size_t variant = 0; variant < 5; ++variant) {
      const Indices indices = draw(50, 20, seed, variant);
      EXPECT_EQ(indices, draw(50, 20, seed, variant));
      EXPECT_EQ(std::set(indices.begin(), indices.end()).size(), 20U);
      EXPECT_LT(*std::max_element(indices.begin(), indices.end()), 50U);
      draws.insert(indices);
    }
  }
  EXPECT_EQ(draws.size(), 100U);
}

// Computed by an independent implementation of the documented formula.
TEST(SelectPrompts, KnownDraws) {
  EXPECT_EQ(draw(20, 6, 0, 0), (Indices{15, 4, 13, 8, 0, 2}));
  EXPECT_EQ(draw(20, 6, 0, 1), (Indices{15, 3, 1, 19, 14, 12}));
  EXPECT_EQ(draw(1000, 4, 18446744073709551615U, 3), (Indices{243, 877, 225, 636}));
}

TEST(SelectPrompts, NoneIsAnError) {
  EXPECT_DND_ERROR(select_prompts({}, 4, SelectMode::first, 0, 0), ErrorKind::data,
                   "there are none");
}

}  // namespace
}  // namespace dnd::text
