#include "merge/adapter_argument.h"

#include <gtest/gtest.h>

#include "support/expect_error.h"
#include "support/temp_dir.h"

namespace dnd::merge {
namespace {

void expect_parsed(const std::string& text, const std::string& path, double weight) {
  const AdapterArgument parsed = parse_adapter_argument(text);
  EXPECT_EQ(parsed.path, path) << text;
  EXPECT_EQ(parsed.weight, weight) << text;
}

TEST(AdapterArgument, WeightsFollowAColon) {
  expect_parsed("a/b", "a/b", 1.0);
  expect_parsed("a/b:0.5", "a/b", 0.5);
  expect_parsed("a:-2", "a", -2.0);
  expect_parsed("a:+1e-3", "a", 1e-3);
  expect_parsed("a:b:0.25", "a:b", 0.25);
}

TEST(AdapterArgument, OtherColonsBelongToThePath) {
  const testing::TempDir dir;
  const std::string there = dir.file("run:2", "").string();
  expect_parsed(there, there, 1.0);
  expect_parsed(there + ":0.5", there, 0.5);
  expect_parsed("a:", "a:", 1.0);
  expect_parsed("a:b", "a:b", 1.0);
  expect_parsed("a:0.5x", "a:0.5x", 1.0);
  expect_parsed(":2", ":2", 1.0);
}

TEST(AdapterArgument, WeightsAreFinite) {
  EXPECT_DND_ERROR(parse_adapter_argument("a:inf"), ErrorKind::usage, "'a:inf'");
  EXPECT_DND_ERROR(parse_adapter_argument("a:nan"), ErrorKind::usage, "not finite");
}

}  // namespace
}  // namespace dnd::merge
