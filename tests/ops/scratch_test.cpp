#include "ops/scratch.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace dnd::ops {
namespace {

TEST(ScratchPoolTest, GivesBackMemoryOutAgain) {
  ScratchPool pool;
  float* first = nullptr;
  {
    const auto buffer = pool.take(1000);
    first = buffer.data();
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(first) % 4096, 0U);
    first[999] = 1.0F;
    EXPECT_NE(pool.take(1000).data(), first);  // in use
  }
  const auto again = pool.take(10);
  EXPECT_TRUE(again.data() == first || pool.take(10).data() == first);
}

TEST(ScratchPoolTest, TakesTheSmallestThatIsLargeEnough) {
  ScratchPool pool;
  const float* small = nullptr;
  const float* large = nullptr;
  {
    const auto a = pool.take(1 << 20);
    const auto b = pool.take(2 << 20);
    small = a.data();
    large = b.data();
  }
  const auto needs_large = pool.take((1 << 20) + 1);
  EXPECT_EQ(needs_large.data(), large);
  EXPECT_EQ(pool.take(1).data(), small);
}

}  // namespace
}  // namespace dnd::ops
