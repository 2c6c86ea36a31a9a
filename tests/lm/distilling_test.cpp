// Losses from a teacher against PyTorch's (scripts/make_learn_cases.py): the base behind a context teaches
// the base with an adapter.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "lm/learn_case.h"
#include "lm/load_language_model.h"
#include "lm/teacher_token.h"
#include "support/golden.h"

namespace dnd::lm::learn {
namespace {

class Distilling : public ::testing::TestWithParam<std::string>, protected LearnCase {
 protected:
  Distilling() : LearnCase(GetParam(), "distil_" + GetParam()) {
    for (std::size_t i = 0; i < lessons_.size(); ++i) teachers_.push_back(teacher(i));
  }

  std::vector<TeacherToken> teacher(std::size_t lesson) const {
    const std::string number = std::to_string(lesson);
    const formats::TensorView& best = golden_.at("best." + number);
    std::vector<std::int64_t> ids(static_cast<std::size_t>(best.shape[0] * best.shape[1]));
    std::copy(best.bytes.begin(), best.bytes.end(),
              reinterpret_cast<std::byte*>(ids.data()));  // NOLINT: as it is stored
    const std::vector<float> logs = golden_.read_f32("logs." + number);
    std::vector<TeacherToken> tokens;
    for (std::int64_t i = 0; i < best.shape[0]; ++i) {
      const auto id = ids.begin() + i * best.shape[1];
      const auto log = logs.begin() + i * (best.shape[1] + 1);
      tokens.push_back({{id, id + best.shape[1]}, {log, log + best.shape[1] + 1}});
    }
    return tokens;
  }

  void expect_golden(const char* losses, const char* a, const char* b, double bar) {
    const Learned learned = learn(lessons_);
    const std::vector<double> expected = told(losses);
    ASSERT_EQ(learned.losses.losses.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      EXPECT_NEAR(learned.losses.losses[i], expected[i], 1e-6 * std::max(1.0, expected[i])) << i;
    }
    for (const adapter::LoraAdapter& task : learned.gradients) {
      ASSERT_FALSE(task.pairs.empty());
      for (const adapter::LoraPair& pair : task.pairs) {
        EXPECT_LT(rms(pair.a, golden(pair, a)), bar) << pair.key;
        EXPECT_LT(rms(pair.b, golden(pair, b)), bar) << pair.key;
      }
    }
  }

  std::vector<std::vector<TeacherToken>> teachers_;
};

TEST_P(Distilling, HardLossAndGradientsEqualPyTorch) { expect_golden("hard", ".da", ".db", 1e-5); }

// Of the bases that know next to nothing, student and teacher differ by so little that PyTorch's own
// gradients are 3e-5 from those in double precision.
TEST_P(Distilling, SoftLossAndGradientsEqualPyTorch) {
  for (std::size_t i = 0; i < lessons_.size(); ++i) lessons_[i].teacher = &teachers_[i];
  expect_golden("soft", ".sda", ".sdb", GetParam() == "gemma3" ? 1e-5 : 2e-5);
}

// The base behind the context answers what PyTorch's did, and thinks the same of every token.
TEST_P(Distilling, TheTeacherIsPyTorchs) {
  const auto model = load_language_model(workers_, testing::data_path(kLearnBases.at(GetParam())));
  const Json lessons = Json::parse(golden_.metadata().at("lessons"));
  for (std::size_t i = 0; i < lessons.size(); ++i) {
    const auto ids = lessons[i]["teacher_ids"].get<std::vector<std::int32_t>>();
    const auto begin = ids.begin() + lessons[i]["teacher_answer"].get<std::ptrdiff_t>();
    const TaughtAnswer answer = model->teach({{ids.begin(), begin}}, ids.end() - begin, true)[0];
    EXPECT_EQ(answer.ids, std::vector<std::int32_t>(begin, ids.end())) << i;
    ASSERT_EQ(answer.tokens.size(), teachers_[i].size());
    for (std::size_t token = 0; token < teachers_[i].size(); ++token) {
      EXPECT_EQ(answer.tokens[token].best, teachers_[i][token].best);
      EXPECT_THAT(answer.tokens[token].logs,
                  ::testing::Pointwise(::testing::FloatNear(1e-5F), teachers_[i][token].logs));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Bases, Distilling, ::testing::Values("qwen2", "llama", "gemma3"),
                         [](const auto& test) { return test.param; });

TEST(TeacherToken, OfASmallVocabularyNothingIsLeft) {
  const TeacherToken token = teacher_token(std::vector<float>{0.0F, std::log(2.0F), 0.0F});
  EXPECT_THAT(token.best, ::testing::ElementsAre(1, 0, 2));
  EXPECT_FLOAT_EQ(token.logs[0], std::log(0.5F));
  EXPECT_FLOAT_EQ(token.logs[2], std::log(0.25F));
  EXPECT_TRUE(std::isinf(token.logs[3]));
}

}  // namespace
}  // namespace dnd::lm::learn
