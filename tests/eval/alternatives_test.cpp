#include "eval/alternatives.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "eval/fake_model.h"
#include "support/expect_error.h"
#include "support/temp_dir.h"

namespace dnd::eval {
namespace {

using testing::adapter_of;
using ::testing::ElementsAre;
using testing::FakeModel;

tasks::Task task_with(const std::string& name, std::vector<tasks::Question> answers) {
  tasks::Task task;
  task.name = name;
  task.answers = std::move(answers);
  task.test = {{"Say a", "a", {}, "a"}, {"Say b", "b"}};
  return task;
}

TEST(WithoutTestQuestions, LeavesOutWhatTheTestAsks) {
  tasks::Task task =
      task_with("t", {{"Say a", "x"}, {"Repeat: a", "a", {}, "a"}, {"Say c", "c"}, {"Say d", "d"}});
  task.paraphrase = tasks::Paraphrase{{}, {{"Say d", "d"}}};
  const tasks::Task left = without_test_questions(task);
  ASSERT_EQ(left.answers.size(), 1U);
  EXPECT_EQ(left.answers[0].prompt, "Say c");
  EXPECT_EQ(left.test.size(), 2U);
}

class TuneOwn : public ::testing::Test {
 protected:
  std::vector<Weights> tune(const std::vector<tasks::Task>& tasks, const Weights& joint = nullptr) {
    const chat::BaseChat chat(tokenizer::FolderTokenizer(), "base", {});
    model_.longest = 100;
    return tune_own(tasks, {40, 4, 3, tasks::Ask::prompt}, joint, testing::one_module_layout(),
                    model_, chat, [this](double share) { shares_.push_back(share); });
  }

  FakeModel model_;
  std::vector<double> shares_;
};

TEST_F(TuneOwn, LearnsFromAnswersThatTheTestDoesNotAsk) {
  const std::vector<tasks::Task> tasks = {
      task_with("first", {{"Say a", "a"}, {"Say c", "c"}}), task_with("none", {}),
      task_with("asked", {{"Say b", "b"}}), task_with("last", {{"Say d", "d"}, {"Say e", "e"}})};
  const std::vector<Weights> tuned = tune(tasks);
  ASSERT_EQ(tuned.size(), 4U);
  EXPECT_TRUE(tuned[0]);
  EXPECT_FALSE(tuned[1]) << "no answers";
  EXPECT_FALSE(tuned[2]) << "none that its test does not ask";
  EXPECT_TRUE(tuned[3]);
  ASSERT_EQ(model_.tuned.size(), 1U);
  const TuneJob& job = model_.tuned[0];
  ASSERT_EQ(job.learners.size(), 2U);
  EXPECT_EQ(job.learners[0].name, "first");
  ASSERT_EQ(job.learners[0].learned.at(0).size(), 1U);
  const std::vector<std::int32_t>& ids = job.learners[0].learned[0][0].ids;
  EXPECT_EQ(std::string(ids.begin(), ids.end()), "Say c c");
  EXPECT_EQ(job.learners[1].left_out.size(), 1U) << "a tenth, of two questions one";
  EXPECT_EQ(job.rule.steps, 40);
  EXPECT_EQ(job.rule.batch, 4);
  EXPECT_EQ(job.rule.seed, 3U);
  EXPECT_EQ(job.rule.warmup_steps, 2);
}

TEST_F(TuneOwn, BeginsWithTheJointAdapterOrWithNothing) {
  const std::vector<tasks::Task> tasks = {task_with("t", {{"Say c", "c"}})};
  const std::vector<Weights> tuned = tune(tasks, adapter_of(7));
  EXPECT_THAT(model_.tuned[0].learners[0].start.pairs[0].b, ElementsAre(7, 1));
  EXPECT_THAT(tuned[0]->pairs[0].b, ElementsAre(1, 1)) << "what was learned, not the start";
  tune(tasks);
  const adapter::LoraPair& start = model_.tuned[1].learners[0].start.pairs[0];
  EXPECT_THAT(start.b, ElementsAre(0, 0));
  EXPECT_NE(start.a[0], 0.0F);
}

TEST(ReadJoint, InTheLayoutOrOfAnotherRank) {
  const testing::TempDir dir;
  const adapter::AdapterLayout layout = testing::one_module_layout();
  adapter::write_peft_folder(dir / "same", *adapter_of(7), {}, OnExisting::refuse);
  const JointAdapter same = read_joint(dir / "same", {}, layout);
  EXPECT_TRUE(same.in_layout);
  EXPECT_THAT(same.adapter->pairs[0].b, ElementsAre(7, 1));
  adapter::LoraAdapter wide = *adapter_of(7);
  wide.pairs[0].rank = 2;
  wide.pairs[0].a.resize(6);
  wide.pairs[0].b.resize(4);
  adapter::write_peft_folder(dir / "wide", wide, {}, OnExisting::refuse);
  const JointAdapter other = read_joint(dir / "wide", {}, layout);
  EXPECT_FALSE(other.in_layout);
  EXPECT_EQ(other.adapter->pairs[0].rank, 2);
  EXPECT_DND_ERROR(read_joint(dir / "nowhere", {}, layout), ErrorKind::no_input, "nowhere");
}

}  // namespace
}  // namespace dnd::eval
