#include "tasks/training_targets.h"

#include <gtest/gtest.h>

#include <cmath>

#include "adapter/peft.h"
#include "adapter/weight_codec.h"
#include "base/strings.h"
#include "support/golden.h"
#include "support/lora.h"
#include "support/temp_dir.h"

namespace dnd::tasks {
namespace {

using testing::relative_rms;

class TrainingTargetsTest : public ::testing::Test {
 protected:
  TrainingTargetsTest() {
    adapter::AdapterLayout& layout = config_.generator.layout;
    layout.rank = 4;
    layout.alpha = 8;
    layout.token_rows = 6;
    layout.token_columns = 6;
    layout.blocks = {{"model.layers.{i}",
                      2,
                      {{"self_attn.q_proj", 8, 8, 2, 2}, {"mlp.down_proj", 12, 8, 3, 2}}}};
    for (std::size_t t = 0; t < 2; ++t) {
      Task task;
      task.name = cat("task", t);
      task.prompts = {"one", "two"};
      for (std::size_t c = 0; c <= t; ++c) task.adapters.push_back(write(100 * t + c));
      tasks_.push_back(std::move(task));
    }
  }

  std::filesystem::path write(std::uint64_t seed) {
    adapter::LoraAdapter adapter = testing::tiny_adapter(2);
    for (adapter::LoraPair& pair : adapter.pairs) {
      pair = testing::random_pair(pair.module, pair.out, pair.in, pair.rank, ++seed * 1000);
    }
    const std::filesystem::path folder = dir_ / cat("adapter", seed);
    adapter::write_peft_folder(folder, adapter, {}, OnExisting::refuse);
    return folder;
  }

  TrainingTargets make(std::uint64_t max_bytes = 1U << 30U) const {
    return {config_, tasks_, max_bytes, {}};
  }

  std::vector<float> tokens(const TrainingTargets& targets, std::size_t task,
                            std::size_t adapter) const {
    std::vector<float> out(targets.cell_weights().size());
    targets.read(task, adapter, out);
    return out;
  }

  testing::TempDir dir_;
  TrainConfig config_;
  std::vector<Task> tasks_;
};

TEST_F(TrainingTargetsTest, TokensAreThoseOfTheMatricesRoundedToBf16) {
  const TrainingTargets targets = make();
  const adapter::LoraAdapter target = read_target(config_, tasks_[1].adapters[1]);
  for (const float value : flat_values(target)) EXPECT_EQ(value, bf16_to_f32(f32_to_bf16(value)));
  const std::vector<float> expected = adapter::tokenize(config_.generator.layout, target);
  const std::vector<float> read = tokens(targets, 1, 1);
  for (std::size_t i = 0; i < read.size(); ++i) {
    EXPECT_EQ(read[i], std::isnan(expected[i]) ? 0.0F : expected[i]);
    EXPECT_EQ(targets.cell_weights()[i] == 0.0F, std::isnan(expected[i]));
  }
  EXPECT_EQ(targets.norms().adapters, 3U);
}

TEST_F(TrainingTargetsTest, ReadingAgainEqualsKeeping) {
  const TrainingTargets kept = make();
  const TrainingTargets again = make(0);
  EXPECT_EQ(tokens(kept, 1, 0), tokens(again, 1, 0));
  EXPECT_EQ(kept.sha256(), again.sha256());
}

TEST_F(TrainingTargetsTest, TasksCountTheSameInTheMeans) {
  const TrainingTargets targets = make();
  const std::vector<float> a = tokens(targets, 0, 0);
  const std::vector<float> b = tokens(targets, 1, 0);
  const std::vector<float> c = tokens(targets, 1, 1);
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_NEAR(targets.mean_tokens()[i], a[i] / 2.0F + (b[i] + c[i]) / 4.0F, 1e-6F);
  }
  const std::vector<float> flat = flat_values(read_target(config_, tasks_[0].adapters[0]));
  EXPECT_EQ(targets.mean_adapter().size(), flat.size());
}

TEST_F(TrainingTargetsTest, ModuleWeightsAreFactors) {
  const std::vector<float> plain = make().cell_weights();
  const std::vector<double> updates = make().update_weights();
  config_.module_weights["mlp.down_proj"] = 3.0;
  const std::vector<float> weighted = make().cell_weights();
  const std::size_t area = 36;
  EXPECT_FLOAT_EQ(weighted[0], plain[0]);                         // q_proj of layer 0
  EXPECT_FLOAT_EQ(weighted[4 * area], 3.0F * plain[4 * area]);    // down_proj of layer 0
  EXPECT_FLOAT_EQ(weighted[13 * area], 3.0F * plain[13 * area]);  // of layer 1
  EXPECT_NEAR(make().update_weights()[1], 3.0 * updates[1], 1e-9 * updates[1]);
  EXPECT_EQ(make().update_weights()[0], updates[0]);
}

TEST_F(TrainingTargetsTest, CanonicalTargetsKeepTheUpdateWhateverTheGauge) {
  const adapter::LoraAdapter before = read_target(config_, tasks_[0].adapters[0]);
  config_.targets = TargetForm::canonical;
  const adapter::LoraAdapter after = read_target(config_, tasks_[0].adapters[0]);
  for (std::size_t i = 0; i < before.pairs.size(); ++i) {
    const std::vector<double> x = testing::dense(before.pairs[i], 1.0);
    const std::vector<double> y = testing::dense(after.pairs[i], 1.0);
    EXPECT_LT(relative_rms(std::span<const double>(y), std::span<const double>(x)), 1e-6);
    EXPECT_NE(before.pairs[i].a, after.pairs[i].a);
  }
}

TEST(RelativeDistance, IsZeroAtTheOwnAndOneAtTheMean) {
  const std::vector<double> own = {1.0, 2.0};
  const std::vector<double> mean = {3.0, 2.0};
  EXPECT_DOUBLE_EQ(relative_distance(std::vector<float>{1.0F, 2.0F}, own, mean), 0.0);
  EXPECT_DOUBLE_EQ(relative_distance(std::vector<float>{3.0F, 2.0F}, own, mean), 1.0);
  EXPECT_DOUBLE_EQ(relative_distance(std::vector<float>{1.0F, 3.0F}, own, mean), 0.5);
}

}  // namespace
}  // namespace dnd::tasks
