// Losses and gradients of adapters through the base, against transformers' and PEFT's
// (scripts/make_learn_cases.py).
#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "lm/learn_case.h"
#include "ops/adamw.h"
#include "support/expect_error.h"

namespace dnd::lm::learn {
namespace {

class Learning : public ::testing::TestWithParam<std::string>, protected LearnCase {
 protected:
  Learning() : LearnCase(GetParam(), GetParam()), losses_(told("losses")) {}

  std::vector<double> losses_;
};

TEST_P(Learning, LossAndGradientsEqualTransformersAndPeft) {
  const Learned learned = learn(lessons_);
  ASSERT_EQ(learned.losses.losses.size(), losses_.size());
  double sum = 0.0;
  for (std::size_t i = 0; i < losses_.size(); ++i) {
    EXPECT_NEAR(learned.losses.losses[i], losses_[i], 1e-6 * losses_[i]) << i;
    sum += losses_[i];
  }
  EXPECT_NEAR(learned.losses.sum.item<double>(), sum, 1e-6 * sum);
  for (const adapter::LoraAdapter& task : learned.gradients) {
    ASSERT_FALSE(task.pairs.empty());
    for (const adapter::LoraPair& pair : task.pairs) {
      EXPECT_LT(rms(pair.a, golden(pair, ".da")), 1e-5) << pair.key;
      EXPECT_LT(rms(pair.b, golden(pair, ".db")), 1e-5) << pair.key;
    }
  }
}

TEST_P(Learning, ATaskAloneIsLearnedAsAmongOthers) {
  const Learned together = learn(lessons_);
  for (std::size_t task = 0; task < adapters_.size(); ++task) {
    std::vector<Lesson> own;
    std::vector<double> expected;
    for (std::size_t i = 0; i < lessons_.size(); ++i) {
      if (lessons_[i].task != task) continue;
      own.push_back(lessons_[i]);
      expected.push_back(together.losses.losses[i]);
    }
    const Learned alone = learn(own);
    for (std::size_t i = 0; i < own.size(); ++i) {
      EXPECT_NEAR(alone.losses.losses[i], expected[i], 1e-6 * expected[i]);
    }
    for (std::size_t i = 0; i < alone.gradients[task].pairs.size(); ++i) {
      const adapter::LoraPair& pair = alone.gradients[task].pairs[i];
      EXPECT_LT(rms(pair.a, together.gradients[task].pairs[i].a), 1e-5) << pair.key;
      EXPECT_LT(rms(pair.b, together.gradients[task].pairs[i].b), 1e-5) << pair.key;
    }
  }
}

// Where adapters sit on upper layers only, the states below are computed once.
TEST_P(Learning, StatesBelowTheAdaptersAreTheSameEveryTime) {
  for (adapter::LoraAdapter& adapter : adapters_) {
    std::erase_if(adapter.pairs, [](const adapter::LoraPair& pair) {
      return pair.module.find("layers.0.") != std::string::npos;
    });
  }
  learnable_.clear();
  for (const adapter::LoraAdapter& adapter : adapters_) {
    learnable_.push_back(learnable(weights_.linears(), adapter));
  }
  const Learned whole = learn(lessons_);
  const Learned upper = learn(lessons_, 1);
  EXPECT_EQ(upper.losses.losses, whole.losses.losses);
  for (std::size_t task = 0; task < adapters_.size(); ++task) {
    EXPECT_EQ(adapter::flat_values(upper.gradients[task]),
              adapter::flat_values(whole.gradients[task]));
  }
}

// A long text keeps of each layer its input alone; its gradient is that of texts that keep all.
TEST_P(Learning, ActivationsThatAreMadeAgainGiveTheSame) {
  std::vector<Lesson> many;  // of one task side by side
  for (std::size_t task = 0; task < adapters_.size(); ++task) {
    for (int i = 0; i < 20; ++i) {
      for (const Lesson& lesson : lessons_) {
        if (lesson.task == task) many.push_back(lesson);
      }
    }
  }
  const Learned once = learn(lessons_);
  const Learned again = learn(many);
  for (std::size_t task = 0; task < adapters_.size(); ++task) {
    for (std::size_t i = 0; i < adapters_[task].pairs.size(); ++i) {
      adapter::LoraPair expected = once.gradients[task].pairs[i];
      for (float& value : expected.a) value *= 20.0F;
      for (float& value : expected.b) value *= 20.0F;
      EXPECT_LT(rms(again.gradients[task].pairs[i].a, expected.a), 1e-5) << expected.key;
      EXPECT_LT(rms(again.gradients[task].pairs[i].b, expected.b), 1e-5) << expected.key;
    }
  }
}

// The batch's gradient is the sum of the lessons', with the same bytes whatever the threads.
TEST_P(Learning, ABatchIsTheSumOfItsMicroBatches) {
  const Learned whole = learn(lessons_);
  std::vector<BatchGradient> results;
  for (const int threads : {1, 2, 3}) {
    const ops::Workers workers(threads);
    results.push_back(batch_gradient(workers, base_, lessons_, learnable_, 24));
  }
  for (std::size_t task = 0; task < adapters_.size(); ++task) {
    adapter::LoraAdapter gradient = adapters_[task];
    write_back(weights_.linears(), with_matrices(learnable_[task], results[0].gradients[task]),
               gradient);
    for (std::size_t i = 0; i < gradient.pairs.size(); ++i) {
      const adapter::LoraPair& expected = whole.gradients[task].pairs[i];
      EXPECT_LT(rms(gradient.pairs[i].a, expected.a), 1e-5) << expected.key;
      EXPECT_LT(rms(gradient.pairs[i].b, expected.b), 1e-5) << expected.key;
    }
    for (std::size_t i = 0; i < results[0].gradients[task].size(); ++i) {
      EXPECT_TRUE(results[0].gradients[task][i].equal(results[1].gradients[task][i]));
      EXPECT_TRUE(results[0].gradients[task][i].equal(results[2].gradients[task][i]));
    }
  }
  EXPECT_EQ(results[0].losses, results[1].losses);
  EXPECT_EQ(results[0].losses, results[2].losses);
  EXPECT_EQ(results[0].losses.size(), lessons_.size());
  EXPECT_EQ(results[0].losses, batch_losses(workers_, base_, lessons_, learnable_, 24).losses);
}

// As PEFT's adapter under torch.optim.AdamW on the same batches.
TEST_P(Learning, TenStepsEqualPeft) {
  std::vector<Lesson> own;
  for (const Lesson& lesson : lessons_) {
    if (lesson.task == 0) own.push_back(lesson);
  }
  ops::AdamWState state;
  for (const at::Tensor& matrix : matrices_of(learnable_[0])) {
    state.values.push_back(matrix.clone());
    state.exp_avg.push_back(at::zeros_like(matrix));
    state.exp_avg_sq.push_back(at::zeros_like(matrix));
  }
  const ops::AdamW rule = {.learning_rate = 2e-3, .epsilon = 1e-6, .weight_decay = 0.01};
  for (int step = 0; step < 10; ++step) {
    const std::vector<TaskAdapter> adapters = {with_matrices(learnable_[0], state.values)};
    BatchGradient batch = batch_gradient(workers_, base_, own, adapters);
    for (at::Tensor& gradient : batch.gradients[0]) {
      gradient = gradient.contiguous().div_(static_cast<double>(own.size()));
    }
    const double norm = ops::gradient_norm(workers_, batch.gradients[0]);
    ops::adamw_step(workers_, rule, state, batch.gradients[0], norm, 1.0);
  }
  adapter::LoraAdapter learned = adapters_[0];
  write_back(weights_.linears(), with_matrices(learnable_[0], state.values), learned);
  double difference = 0.0;
  double update = 0.0;
  const auto add = [&](const std::vector<float>& ours, const std::vector<float>& theirs,
                       const std::vector<float>& start) {
    for (std::size_t i = 0; i < ours.size(); ++i) {
      difference += std::pow(static_cast<double>(ours[i]) - static_cast<double>(theirs[i]), 2);
      update += std::pow(static_cast<double>(theirs[i]) - static_cast<double>(start[i]), 2);
    }
  };
  for (std::size_t i = 0; i < learned.pairs.size(); ++i) {
    const adapter::LoraPair& pair = learned.pairs[i];
    add(pair.a, golden(pair, ".a10"), adapters_[0].pairs[i].a);
    add(pair.b, golden(pair, ".b10"), adapters_[0].pairs[i].b);
  }
  EXPECT_GT(update, 0.0);
  EXPECT_LT(std::sqrt(difference / update), 1e-4);
}

INSTANTIATE_TEST_SUITE_P(Bases, Learning,
                         ::testing::Values("qwen2", "llama", "gemma2", "gemma3", "phi3"),
                         [](const auto& test) { return test.param; });

TEST(LayOut, GroupsTasksAndAnswers) {
  const PassLayout layout =
      lay_out(std::vector<Lesson>{{{1, 2, 3, 4}, 2, 7}, {{5, 6}, 1, 7}, {{8, 9, 10}, 1, 2}});
  EXPECT_EQ(layout.rows, 9);
  ASSERT_EQ(layout.tasks.size(), 2U);
  EXPECT_EQ(layout.tasks[0].rows.count, 6);
  EXPECT_EQ(layout.tasks[1].task, 2U);
  EXPECT_EQ(layout.predicting, (std::vector<std::int64_t>{1, 2, 4, 6, 7}));
  EXPECT_EQ(layout.learned, (std::vector<std::int64_t>{3, 4, 6, 9, 10}));
  EXPECT_EQ(layout.answers[2].first, 3);
  EXPECT_DND_ERROR(lay_out(std::vector<Lesson>{{{1, 2}, 2, 0}}), ErrorKind::internal,
                   "without a question or an answer");
}

}  // namespace
}  // namespace dnd::lm::learn
