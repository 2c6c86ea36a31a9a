#include "ops/ordered_sum.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "ops/workers.h"

namespace dnd::ops {
namespace {

// Not the same in any other order.
struct Words {
  std::string text;
  Words& operator+=(Words&& other) {
    if (other.text == "bad") throw std::runtime_error("bad");
    text += ' ' + other.text;
    return *this;
  }
};

TEST(OrderedSum, ResultsThatComeInAnyOrderAreAddedInOne) {
  OrderedSum<Words> sum;
  for (const int index : {2, 1, 0, 4, 3}) sum.add(index, {std::to_string(index)});
  EXPECT_EQ(sum.take().text, "0 1 2 3 4");
}

TEST(OrderedSum, ThreadsAddInOneOrder) {
  std::string expected = "0";
  for (int i = 1; i < 2000; ++i) expected += ' ' + std::to_string(i);
  for (const int threads : {2, 5}) {
    OrderedSum<Words> sum;
    Workers(threads).run(2000, [&](std::int64_t i) { sum.add(i, {std::to_string(i)}); });
    EXPECT_EQ(sum.take().text, expected);
  }
}

TEST(OrderedSum, WhatCouldNotBeAddedIsNotMetAgain) {
  OrderedSum<Words> sum;
  sum.add(0, {"0"});
  EXPECT_THROW(sum.add(1, {"bad"}), std::runtime_error);
  sum.add(2, {"2"});
  EXPECT_EQ(sum.take().text, "0 2");
}

}  // namespace
}  // namespace dnd::ops
