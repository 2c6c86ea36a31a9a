#include "adapter/update_norms.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "support/lora.h"

namespace dnd::adapter {
namespace {

using testing::random_pair;

double dense_norm(const LoraPair& pair) {
  double sum = 0.0;
  for (const double value : testing::dense(pair, pair.scale)) sum += value * value;
  return std::sqrt(sum);
}

TEST(UpdateNorm, IsTheNormOfTheDenseUpdate) {
  for (const auto& [rank, in, out] : {std::tuple(1, 1, 1), {4, 7, 5}, {16, 40, 33}, {8, 3, 50}}) {
    LoraPair pair = random_pair("m", out, in, rank, 1);
    EXPECT_NEAR(update_norm(pair), dense_norm(pair), 1e-12 * dense_norm(pair) + 1e-14);
    pair.scale = -0.5;
    EXPECT_NEAR(update_norm(pair), dense_norm(pair), 1e-12 * dense_norm(pair) + 1e-14);
  }
}

TEST(UpdateNorm, OfZerosIsZeroAndOfNanIsNan) {
  LoraPair pair = random_pair("m", 4, 3, 2, 1);
  pair.b.assign(pair.b.size(), 0.0F);
  EXPECT_EQ(update_norm(pair), 0.0);
  pair.b[0] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(std::isnan(update_norm(pair)));
}

TEST(UpdateNorms, SpanBlocksAndAdapters) {
  UpdateNorms norms;
  LoraAdapter first = testing::tiny_adapter(2);
  LoraAdapter second = testing::tiny_adapter(2);
  for (LoraPair& pair : second.pairs) pair.scale *= 10.0;
  add_update_norms(norms, first);
  add_update_norms(norms, second);
  EXPECT_EQ(norms.adapters, 2U);
  ASSERT_EQ(norms.modules.size(), 2U);
  const NormRange range = norms.modules.at("model.layers.{i}.self_attn.q_proj");
  const double a = update_norm(first.pairs[0]);
  const double b = update_norm(first.pairs[2]);
  EXPECT_DOUBLE_EQ(range.low, std::min(a, b));
  EXPECT_NEAR(range.high, 10.0 * std::max(a, b), 1e-9);
}

}  // namespace
}  // namespace dnd::adapter
