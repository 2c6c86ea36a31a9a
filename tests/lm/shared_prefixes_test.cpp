#include "lm/shared_prefixes.h"

#include <gtest/gtest.h>

#include <string>

#include "base/random.h"

namespace dnd::lm {
namespace {

using Ids = std::vector<std::int32_t>;

Ids ids_of(const std::string& text) { return {text.begin(), text.end()}; }

// Each node as its tokens, indented by its depth; own rests end in a dot.
std::vector<std::string> told(const std::vector<std::string>& texts, std::int64_t least,
                              std::int64_t asked = 1) {
  std::vector<Ids> all;
  for (const std::string& text : texts) all.push_back(ids_of(text));
  std::vector<SharableIds> sequences;
  for (const Ids& ids : all) {
    sequences.push_back({ids, static_cast<std::int64_t>(ids.size()) - asked});
  }
  std::vector<std::string> lines;
  const std::vector<PrefixNode> nodes = share_prefixes(sequences, least);
  for (const PrefixNode& node : nodes) {
    std::string line;
    for (std::size_t n = node.before; n != PrefixNode::kNone; n = nodes[n].before) line += ' ';
    const auto begin = static_cast<std::size_t>(node.begin);
    line += texts[node.sequence].substr(begin, static_cast<std::size_t>(node.end) - begin);
    lines.push_back(line + (node.shared ? "" : "."));
  }
  return lines;
}

using Lines = std::vector<std::string>;

TEST(SharedPrefixes, CommonBeginningsStandOnce) {
  EXPECT_EQ(told({"abcX", "abcY", "q"}, 2), (Lines{"q.", "abc", " X.", " Y."}));
  EXPECT_EQ(told({"abc1x", "abc1y", "abd2x", "abd2y"}, 1),
            (Lines{"ab", " c1", " d2", "  x.", "  y.", "  x.", "  y."}));
}

TEST(SharedPrefixes, TooLittleIsNotShared) {
  EXPECT_EQ(told({"abX", "abY"}, 3), (Lines{"abX.", "abY."}));
  EXPECT_EQ(told({"abcX", "abcY"}, 3), (Lines{"abc", " X.", " Y."}));
  EXPECT_TRUE(told({}, 3).empty());
}

// What is asked for is each sequence's own, be it equal.
TEST(SharedPrefixes, WhatIsAskedForIsNotShared) {
  EXPECT_EQ(told({"abcd", "abcd", "abcd"}, 1), (Lines{"abc", " d.", " d.", " d."}));
  EXPECT_EQ(told({"abcd", "abcde"}, 1, 3), (Lines{"a", " bcd.", " bcde."}));
  EXPECT_EQ(told({"abcd", "abcd"}, 1, 4), (Lines{"abcd.", "abcd."}));
}

TEST(SharedPrefixes, EachSequenceIsMadeOfItsNodes) {
  SplitMix64 random(5);
  for (int round = 0; round < 50; ++round) {
    std::vector<Ids> all(1 + random.next() % 20);
    for (Ids& ids : all) {
      ids.resize(1 + random.next() % 12);
      for (std::int32_t& id : ids) id = static_cast<std::int32_t>(random.next() % 2);
    }
    std::vector<SharableIds> sequences;
    for (const Ids& ids : all) {
      sequences.push_back({ids, static_cast<std::int64_t>(random.next() % ids.size())});
    }
    const auto nodes = share_prefixes(sequences, 1 + round % 3);
    std::size_t own = 0;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      if (nodes[i].shared) continue;
      ++own;
      const Ids& ids = all[nodes[i].sequence];
      EXPECT_EQ(nodes[i].end, static_cast<std::int64_t>(ids.size()));
      EXPECT_LE(nodes[i].begin, sequences[nodes[i].sequence].sharable);
      std::size_t at = i;
      for (std::int64_t begin = nodes[i].begin; begin > 0; begin = nodes[at].begin) {
        ASSERT_LT(nodes[at].before, at);
        at = nodes[at].before;
        ASSERT_EQ(nodes[at].end, begin);
        ASSERT_TRUE(nodes[at].shared);
        const Ids& other = all[nodes[at].sequence];
        EXPECT_TRUE(std::equal(ids.begin(), ids.begin() + begin, other.begin()));
      }
      EXPECT_EQ(nodes[at].before, PrefixNode::kNone);
    }
    EXPECT_EQ(own, all.size());
  }
}

}  // namespace
}  // namespace dnd::lm
