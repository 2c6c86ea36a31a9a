#include "eval/selections.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/random.h"
#include "base/strings.h"
#include "support/expect_error.h"
#include "text/prompts.h"

namespace dnd::eval {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatEq;
using ::testing::UnorderedElementsAre;

tasks::Task task(const std::string& domain, const std::string& convention) {
  tasks::Task task;
  task.name = domain + "." + convention;
  task.attributes = {{"domain", domain}, {"convention", convention}};
  return task;
}

// Training: golf and chess by letter and number; held out: tennis by letter and word.
tasks::TaskSet six_tasks() {
  return {{task("golf", "letter"), task("golf", "number"), task("chess", "letter"),
           task("chess", "number")},
          {task("tennis", "letter"), task("tennis", "word")}};
}

std::vector<std::string> names(const std::vector<const tasks::Task*>& tasks) {
  std::vector<std::string> all;
  for (const tasks::Task* task : tasks) all.push_back(task->name);
  return all;
}

TEST(Controls, AreOneForEachAttributeAndOneForAll) {
  const auto controls = controls_of(six_tasks());
  ASSERT_EQ(controls.size(), 3U);
  EXPECT_EQ(controls[0].id, "other:convention");
  EXPECT_EQ(controls[1].id, "other:domain");
  EXPECT_EQ(controls[1].attribute, "domain");
  EXPECT_EQ(controls[2].id, "other_in_all");
}

TEST(Controls, WithOneAttributeOrNone) {
  tasks::TaskSet set;
  set.held_out.resize(1);
  ASSERT_EQ(controls_of(set).size(), 1U);
  EXPECT_EQ(controls_of(set)[0].id, "other_task");
  set.held_out[0].attributes = {{"domain", "golf"}};
  ASSERT_EQ(controls_of(set).size(), 1U);
  EXPECT_EQ(controls_of(set)[0].id, "other:domain");
}

TEST(Partners, DifferInWhatTheControlSays) {
  const tasks::TaskSet set = six_tasks();
  const tasks::Task& task = set.held_out[0];
  const auto of = [&](const Control& control) { return names(partners_of(set, task, control, 7)); };
  EXPECT_THAT(of({"other:domain", "domain"}), UnorderedElementsAre("golf.letter", "chess.letter"));
  EXPECT_THAT(of({"other:convention", "convention"}), ElementsAre("tennis.word"));
  EXPECT_THAT(of({"other_in_all", ""}), UnorderedElementsAre("golf.number", "chess.number"));
  EXPECT_EQ(of({"other_task", ""}).size(), 5U);
}

TEST(Partners, OfTasksThatDoNotCompare) {
  tasks::TaskSet set = six_tasks();
  set.held_out[0].attributes.erase("domain");
  const tasks::Task& task = set.held_out[0];
  EXPECT_TRUE(partners_of(set, task, {"other:domain", "domain"}, 0).empty());
  EXPECT_TRUE(partners_of(set, task, {"other_in_all", ""}, 0).empty());
  set.held_out[0].attributes.clear();
  EXPECT_TRUE(partners_of(set, task, {"other_in_all", ""}, 0).empty());
}

TEST(Partners, OrderDependsOnSeedTaskAndControl) {
  tasks::TaskSet set;
  for (const char* name : {"a", "b", "c", "d", "e", "f", "g", "h"}) {
    tasks::Task task;
    task.name = name;
    set.held_out.push_back(task);
  }
  const Control control{"other_task", ""};
  const auto order = names(partners_of(set, set.held_out[0], control, 1));
  EXPECT_THAT(order, UnorderedElementsAre("b", "c", "d", "e", "f", "g", "h"));
  EXPECT_EQ(names(partners_of(set, set.held_out[0], control, 1)), order);
  EXPECT_NE(names(partners_of(set, set.held_out[0], control, 2)), order);
}

// As the header says, step by step.
TEST(Partners, FollowTheDocumentedRule) {
  tasks::TaskSet set = six_tasks();
  // The first half of: printf 'tennis.letter\0other_task' | sha256sum (coreutils).
  constexpr std::uint64_t kStream = 0x54d63d73f85537eeULL;
  SplitMix64 random(SplitMix64(5).next() + kStream);
  std::vector<std::string> others = {"golf.letter", "golf.number", "chess.letter", "chess.number",
                                     "tennis.word"};
  std::vector<std::string> expected;
  for (const std::size_t index : draw_without_replacement(5, 5, random)) {
    expected.push_back(others[index]);
  }
  EXPECT_EQ(names(partners_of(set, set.held_out[0], {"other_task", ""}, 5)), expected);
}

TEST(DrawPrompts, AreTheVariantsOfGenerate) {
  std::vector<std::string> prompts;
  for (int i = 0; i < 9; ++i) prompts.push_back(cat("prompt ", i));
  for (const std::size_t k : {0U, 1U, 2U}) {
    const auto selection = text::select_prompts(prompts, 4, text::SelectMode::random, 3, k);
    std::vector<std::string> expected;
    for (const std::size_t index : selection.indices) expected.push_back(prompts[index]);
    EXPECT_EQ(draw_prompts(prompts, 4, 3, k), expected);
  }
  EXPECT_THAT(draw_prompts({"x", "y"}, 3, 0, 0), ElementsAre("x", "y", "x"));
}

TEST(RandomText, IsLinesOfWords) {
  const auto lines = random_text(50, 1, 2);
  ASSERT_EQ(lines.size(), 50U);
  std::set<std::size_t> lengths;
  for (const std::string& line : lines) lengths.insert(split(line, ' ').size());
  EXPECT_EQ(*lengths.begin(), 8U);
  EXPECT_EQ(*lengths.rbegin(), 16U);
  EXPECT_EQ(std::set<std::string>(lines.begin(), lines.end()).size(), 50U);
  EXPECT_EQ(random_text(50, 1, 2), lines);
  EXPECT_NE(random_text(50, 1, 3), lines);
  EXPECT_NE(random_text(50, 2, 2), lines);
}

TEST(Nearest, IsByCosineNotByLength) {
  const std::vector<float> query = {1, 1};
  EXPECT_NEAR(cosine(query, std::vector<float>{1, 0}), 0.70710678, 1e-8);
  EXPECT_EQ(cosine(query, std::vector<float>{0, 0}), 0.0);
  EXPECT_EQ(nearest(query, {{1, 0}, {9, 8}, {0.1F, 0.2F}}), 1U);
  EXPECT_EQ(nearest(query, {{2, 2}, {1, 1}}), 0U);  // the first of equals
  EXPECT_DND_ERROR(nearest(query, {}), ErrorKind::internal, "candidates");
}

}  // namespace
}  // namespace dnd::eval
