#include "generate/choose_prompts.h"

#include <gmock/gmock.h>

#include "base/sha256.h"
#include "support/expect_error.h"

namespace dnd::generate {
namespace {

using ::testing::ElementsAre;

const text::PromptTask kTask{"sums", {"a", "b", "c", "d"}};

TEST(ChoosePrompts, ExactlyAsManyAreTakenInOrder) {
  const ChosenPrompts chosen = choose_prompts(kTask, 4, {});
  EXPECT_THAT(chosen.texts, ElementsAre("a", "b", "c", "d"));
  EXPECT_EQ(chosen.selection, "exact");
  EXPECT_EQ(chosen.distinct, 4U);
  EXPECT_EQ(chosen.sha256, sha256_hex(std::string("a\0b\0c\0d\0", 8)));
}

TEST(ChoosePrompts, OfMoreTheFirstOrADrawByVariant) {
  const ChosenPrompts first = choose_prompts(kTask, 2, {.mode = text::SelectMode::first});
  EXPECT_THAT(first.texts, ElementsAre("a", "b"));
  EXPECT_EQ(first.selection, "first");
  const ChosenPrompts drawn = choose_prompts(kTask, 2, {.seed = 1});
  EXPECT_EQ(drawn.selection, "random");
  EXPECT_EQ(choose_prompts(kTask, 2, {.seed = 1}).texts, drawn.texts);
  bool others = false;
  for (std::size_t variant = 1; variant < 8; ++variant) {
    others =
        others || choose_prompts(kTask, 2, {.seed = 1, .variant = variant}).texts != drawn.texts;
  }
  EXPECT_TRUE(others);
}

TEST(ChoosePrompts, FewerAreRepeated) {
  const ChosenPrompts chosen = choose_prompts(kTask, 6, {});
  EXPECT_THAT(chosen.texts, ElementsAre("a", "b", "c", "d", "a", "b"));
  EXPECT_EQ(chosen.selection, "repeated");
  EXPECT_EQ(chosen.distinct, 4U);
  EXPECT_DND_ERROR(choose_prompts({"none", {}}, 2, {}), ErrorKind::data, "there are none");
}

}  // namespace
}  // namespace dnd::generate
