// The loop: draws, side by side and alone, threads, interruption, early ends, checkpoints.
#include "lm/learn/tune.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "base/file.h"
#include "base/random.h"
#include "lm/learn/draw_lessons.h"
#include "lm/learn_case.h"
#include "lm/load_language_model.h"
#include "support/expect_error.h"
#include "support/temp_dir.h"

namespace dnd::lm::learn {
namespace {

using ::testing::ElementsAre;
using testing::TempDir;

TEST(DrawLessons, TakesEachOnceBeforeAnyComesAgain) {
  for (const std::size_t size : {1U, 5U, 7U}) {
    std::map<std::size_t, int> drawn;
    for (std::int64_t step = 0; step < static_cast<std::int64_t>(2 * size); ++step) {
      for (const LessonPlace& place : draw_lessons({size}, 3, 0, "a", step)) ++drawn[place.lesson];
    }
    ASSERT_EQ(drawn.size(), size);
    for (const auto& [lesson, times] : drawn) EXPECT_EQ(times, 6) << lesson;
  }
}

TEST(DrawLessons, TakesListsEquallyOften) {
  std::map<std::size_t, int> lists;
  for (std::int64_t step = 0; step < 9; ++step) {
    for (const LessonPlace& place : draw_lessons({1, 50, 3}, 4, 1, "a", step)) ++lists[place.list];
  }
  EXPECT_THAT(lists, ElementsAre(std::pair(0, 12), std::pair(1, 12), std::pair(2, 12)));
}

TEST(DrawLessons, DependsOnSeedNameAndStepAlone) {
  const auto drawn = draw_lessons({100}, 8, 3, "a", 4);
  EXPECT_EQ(drawn, draw_lessons({100}, 8, 3, "a", 4));
  EXPECT_NE(drawn, draw_lessons({100}, 8, 4, "a", 4));
  EXPECT_NE(drawn, draw_lessons({100}, 8, 3, "b", 4));
  EXPECT_NE(drawn, draw_lessons({100}, 8, 3, "a", 5));
}

class Tune : public ::testing::Test, protected LearnCase {
 protected:
  Tune() : LearnCase("qwen2", "qwen2") {
    job_.rule = {.steps = 8,
                 .batch = 3,
                 .learning_rate = 1e-2,
                 .warmup_steps = 2,
                 .evaluations = 4,
                 .checkpoints = 1,
                 .patience = 0};
    job_.identity = "{}";
    for (int i = 0; i < 5; ++i) job_.learners.push_back(learner(i));
  }

  // Texts whose answer follows from their first token.
  TuneLearner learner(int number) const {
    TuneLearner learner{"task" + std::to_string(number), adapters_[0], {{}}, {}};
    SplitMix64 random(static_cast<std::uint64_t>(number));
    for (int i = 0; i < 12; ++i) {
      const auto first = static_cast<std::int32_t>(3 + random.below(8));
      TuneLesson lesson{{first}, 3, {}};
      for (int j = 0; j < 2; ++j)
        lesson.ids.push_back(static_cast<std::int32_t>(3 + random.below(60)));
      lesson.ids.push_back(first + number);
      lesson.ids.push_back(first + 1);
      (i < 8 ? learner.learned[0] : learner.left_out).push_back(std::move(lesson));
    }
    return learner;
  }

  struct Told {
    TuneResult result;
    std::map<std::string, std::map<std::int64_t, adapter::LoraAdapter>> checkpoints;
    std::vector<double> losses;  // of each step
  };

  Told run(const TuneJob& job, int threads = 2, std::int64_t stop_after = -1) {
    Told told;
    std::int64_t steps = 0;
    TuneObserver observer;
    observer.on_step = [&](const TuneStep& step) {
      told.losses.push_back(step.score.loss);
      ++steps;
    };
    observer.on_checkpoint = [&](std::size_t i, std::int64_t step,
                                 const adapter::LoraAdapter& adapter) {
      told.checkpoints[job.learners[i].name].emplace(step, adapter);
    };
    observer.should_stop = [&] { return steps == stop_after; };
    const ops::Workers workers(threads);
    told.result = tune(workers, weights_, config_, job, observer);
    return told;
  }

  static std::vector<float> last(const Told& told, const std::string& name) {
    return adapter::flat_values(told.checkpoints.at(name).rbegin()->second);
  }

  TuneJob job_;
  TempDir dir_;
};

TEST_F(Tune, LearnsAndSaysSo) {
  job_.rule.steps = 40;
  job_.rule.learning_rate = 2e-3;
  const Told told = run(job_);
  EXPECT_TRUE(told.result.finished);
  ASSERT_EQ(told.result.learners.size(), 5U);
  for (const TuneOutcome& outcome : told.result.learners) {
    EXPECT_EQ(outcome.steps, 40);
    EXPECT_NE(outcome.after->loss, outcome.before->loss);
  }
  EXPECT_LT(told.losses.back(), told.losses.front() - 0.1);
  for (const auto& [name, checkpoints] : told.checkpoints) {
    EXPECT_EQ(checkpoints.size(), 1U) << name;
    EXPECT_NE(last(told, name), adapter::flat_values(adapters_[0]));
  }
}

TEST_F(Tune, OneAloneIsAsAmongFive) {
  const Told among = run(job_);
  TuneJob alone = job_;
  alone.learners = {job_.learners[2]};
  const Told one = run(alone);
  EXPECT_EQ(one.result.learners[0].best_step, among.result.learners[2].best_step);
  const double expected = among.result.learners[2].after->loss;
  EXPECT_NEAR(one.result.learners[0].after->loss, expected, 1e-6 * expected);
}

TEST_F(Tune, HasTheSameBytesWithAnyNumberOfThreads) {
  const Told one = run(job_, 1);
  for (const int threads : {2, 3}) {
    const Told other = run(job_, threads);
    EXPECT_EQ(other.losses, one.losses);
    for (const TuneLearner& learner : job_.learners) {
      EXPECT_EQ(last(other, learner.name), last(one, learner.name));
    }
  }
}

TEST_F(Tune, GoesOnAsIfNothingHadBeen) {
  job_.rule.patience = 1;  // some end earlier than others
  const Told whole = run(job_);
  for (const std::int64_t stop : {1, 5}) {
    TuneJob job = job_;
    job.state = dir_ / "state.safetensors";
    const Told begun = run(job, 2, stop);
    job.resume = true;
    const Told rest = run(job, 3);
    EXPECT_TRUE(rest.result.finished);
    for (std::size_t i = 0; i < job.learners.size(); ++i) {
      const std::string& name = job.learners[i].name;
      const Told& teller = rest.checkpoints.contains(name) ? rest : begun;
      EXPECT_EQ(last(teller, name), last(whole, name)) << name << " stopped after " << stop;
      EXPECT_EQ(rest.result.learners[i].best_step, whole.result.learners[i].best_step);
      EXPECT_EQ(rest.result.learners[i].before->loss, whole.result.learners[i].before->loss);
    }
  }
}

TEST_F(Tune, AStateIsGoneOnWithByItsOwnCallAlone) {
  job_.state = dir_ / "state.safetensors";
  run(job_, 2, 2);
  job_.resume = true;
  TuneJob other = job_;
  other.identity = R"({"steps": 9})";
  EXPECT_DND_ERROR(run(other), ErrorKind::data, "steps: nothing there, 9 here");
  other = job_;
  other.learners.pop_back();
  EXPECT_DND_ERROR(run(other), ErrorKind::data, "5 learners, expected 4");
}

TEST_F(Tune, CheckpointsGetBetter) {
  job_.rule.checkpoints = 4;
  const Told told = run(job_);
  for (std::size_t i = 0; i < job_.learners.size(); ++i) {
    const auto& checkpoints = told.checkpoints.at(job_.learners[i].name);
    EXPECT_LE(checkpoints.size(), 4U);
    EXPECT_EQ(checkpoints.rbegin()->first, told.result.learners[i].best_step);
  }
  EXPECT_TRUE(std::any_of(told.checkpoints.begin(), told.checkpoints.end(),
                          [](const auto& each) { return each.second.size() > 1; }));
}

TEST_F(Tune, EndsWhereNothingGetsBetter) {
  job_.rule.steps = 40;
  job_.rule.evaluations = 20;
  job_.rule.learning_rate = 1.0;
  job_.rule.max_gradient_norm = 1e9;
  job_.rule.patience = 2;
  const Told told = run(job_);
  for (const TuneOutcome& outcome : told.result.learners) {
    EXPECT_LT(outcome.steps, 40);
    EXPECT_LE(outcome.steps, outcome.best_step + 4);
  }
}

// What lies below is computed once, into a file beside the state, which goes with the call.
TEST_F(Tune, LayersBelowTheAdaptersAreRunOnce) {
  for (TuneLearner& learner : job_.learners) {
    std::erase_if(learner.start.pairs, [](const adapter::LoraPair& pair) {
      return pair.module.find("layers.0.") != std::string::npos;
    });
  }
  const Told computed = run(job_);  // without a place for them
  job_.state = dir_ / "state.safetensors";
  const Told kept = run(job_);
  for (std::size_t i = 0; i < job_.learners.size(); ++i) {
    const double expected = computed.result.learners[i].after->loss;
    EXPECT_NEAR(kept.result.learners[i].after->loss, expected, 1e-5 * expected);
  }
  EXPECT_EQ(last(run(job_, 1), "task0"), last(kept, "task0"));
  EXPECT_FALSE(std::filesystem::exists(dir_ / "state.safetensors.below"));
  EXPECT_TRUE(std::filesystem::exists(job_.state));
}

// Nothing left out: the latest is the result.
TEST_F(Tune, WithoutAJudgeTheLastStepIsTaken) {
  for (TuneLearner& learner : job_.learners) learner.left_out.clear();
  const Told told = run(job_);
  for (const TuneOutcome& outcome : told.result.learners) {
    EXPECT_EQ(outcome.best_step, 8);
    EXPECT_FALSE(outcome.before || outcome.after);
  }
}

TEST_F(Tune, NotANumberEndsItWithTheStateBefore) {
  job_.state = dir_ / "state.safetensors";
  job_.rule.evaluations = 1;  // nothing is saved before
  run(job_, 2, 3);
  const std::string before = read_text_file(job_.state, 1U << 24U);
  TuneJob poisoned = job_;
  poisoned.resume = true;
  poisoned.rule.learning_rate = 1e30;
  EXPECT_DND_ERROR(run(poisoned), ErrorKind::data, "step 5: loss");
  EXPECT_NE(read_text_file(job_.state, 1U << 24U), before) << "the fourth step is kept";
}

TEST_F(Tune, RefusesLessonsThatTheModelCannotTake) {
  TuneJob job = job_;
  job.learners[1].learned[0][0].ids[0] = static_cast<std::int32_t>(config_.vocabulary);
  EXPECT_DND_ERROR(run(job), ErrorKind::data, "outside the vocabulary");
  job = job_;
  job.learners[1].left_out[0].ids.assign(static_cast<std::size_t>(config_.longest) + 1, 3);
  EXPECT_DND_ERROR(run(job), ErrorKind::data, "tokens, the model takes");
}

}  // namespace
}  // namespace dnd::lm::learn
