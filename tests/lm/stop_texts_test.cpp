#include "lm/stop_texts.h"

#include <gtest/gtest.h>

#include <vector>

namespace dnd::lm {
namespace {

using Stops = std::vector<std::string>;

TEST(FindStop, GivesTheFirstOfAll) {
  EXPECT_EQ(find_stop("a b\n\nQ: c", Stops{"Q:", "\n\n"}), 3U);
  EXPECT_EQ(find_stop("Q: c", Stops{"\n", "Q:"}), 0U);
  EXPECT_EQ(find_stop("a b\nQ", Stops{"Q:", "\n\n"}), std::nullopt);
  EXPECT_EQ(find_stop("anything", Stops{}), std::nullopt);
  EXPECT_EQ(find_stop("", Stops{"x"}), std::nullopt);
}

TEST(CertainLength, LeavesOutWhatMayBecomeAStop) {
  EXPECT_EQ(certain_length("abc#", Stops{"###"}), 3U);
  EXPECT_EQ(certain_length("abc##", Stops{"###"}), 3U);
  EXPECT_EQ(certain_length("abc# ", Stops{"###"}), 5U);
  EXPECT_EQ(certain_length("#", Stops{"###"}), 0U);
  EXPECT_EQ(certain_length("abab", Stops{"abac"}), 2U);
  EXPECT_EQ(certain_length("a\n", Stops{"\n\nQ", "a\nb"}), 0U) << "the longest counts";
  EXPECT_EQ(certain_length("abc", Stops{"x"}), 3U);
  EXPECT_EQ(certain_length("abc", Stops{}), 3U);
}

}  // namespace
}  // namespace dnd::lm
