#include "generate/embedding.h"

#include <gmock/gmock.h>

#include "support/expect_error.h"

namespace dnd::generate {
namespace {

using ::testing::ElementsAre;

TEST(PooledEmbedding, IsTheMeanOverRealTokens) {
  const std::vector<float> condition = {1, 2, 3, 4, 100, 100};
  const std::vector<std::uint8_t> mask = {1, 1, 0};
  EXPECT_THAT(pooled_embedding(condition, mask, 2), ElementsAre(2.0F, 3.0F));
  const std::vector<std::uint8_t> none = {0, 0, 0};
  EXPECT_THAT(pooled_embedding(condition, none, 2), ElementsAre(0.0F, 0.0F));
  EXPECT_DND_ERROR(pooled_embedding(condition, mask, 3), ErrorKind::internal, "mask");
  EXPECT_THAT(mean_embedding({{1, 2}, {3, 6}}), ElementsAre(2.0F, 4.0F));
}

}  // namespace
}  // namespace dnd::generate
