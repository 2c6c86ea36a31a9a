// Five training steps against the official code (golden data).
#include <ATen/ops/empty.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "adapter/peft.h"
#include "adapter/weight_codec.h"
#include "base/strings.h"
#include "bundle/write_bundle.h"
#include "formats/torch_checkpoint.h"
#include "support/golden.h"
#include "support/temp_dir.h"
#include "trainer/gradient.h"
#include "trainer/objective.h"
#include "trainer/optimizer.h"

namespace dnd::trainer {
namespace {

using testing::data_path;
using testing::read_wide;
using testing::relative_rms;

at::Tensor tensor_of(const std::vector<float>& values, const std::vector<std::int64_t>& shape) {
  at::Tensor tensor = at::empty(shape, at::kFloat);
  std::copy(values.begin(), values.end(), tensor.mutable_data_ptr<float>());
  return tensor;
}

std::vector<float> copy_of_values(const at::Tensor& tensor) {
  const at::Tensor whole = tensor.contiguous();
  return {whole.const_data_ptr<float>(), whole.const_data_ptr<float>() + whole.numel()};
}

std::vector<float> read_pth(const std::string& name, const std::string& tensor) {
  const formats::TorchCheckpoint file(data_path("train/" + name));
  return file.read_f32(*file.find(tensor));
}

bundle::GeneratorConfig import_start(const std::filesystem::path& out) {
  bundle::ImportOptions options;
  options.layout = adapter::read_layout_file(data_path("decoder/layout.json"));
  return bundle::import_checkpoint(data_path("train/start.pth"), out, options, OnExisting::refuse,
                                   {});
}

tasks::TrainConfig golden_config() {
  const Json json = read_json_file(data_path("train/config.json"), "config");
  tasks::TrainConfig config;
  config.learning_rate = json["lr"].get<double>();
  config.weight_decay = json["weight_decay"].get<double>();
  config.max_gradient_norm = json["max_grad_norm"].get<double>();
  config.warmup_steps = 1LL << 30U;  // the golden steps have a constant learning rate
  config.learning_rate *= static_cast<double>(config.warmup_steps);
  return config;
}

class GoldenSteps : public ::testing::Test {
 protected:
  GoldenSteps()
      : io_(data_path("train/io.safetensors")),
        model_(import_start(temp_ / "bundle")),
        condition_(tensor_of(io_.read_f32("condition"), io_.at("condition").shape)) {
    state_.values = model_.read(nn::WeightStore(temp_ / "bundle" / bundle::kDecoderWeightsName));
    state_.exp_avg = model_.zeros();
    state_.exp_avg_sq = model_.zeros();
    std::vector<float> target = io_.read_f32("target_nan_padded");
    std::vector<float> weights = read_pth("start.pth", "criterion_weight");  // (1, T, 1, 1)
    const std::size_t cells = target.size() / 3;
    std::vector<float> cell_weights(cells);
    for (std::size_t i = 0; i < cells; ++i) {
      const bool valid = !std::isnan(target[i]);
      cell_weights[i] = valid ? weights[i * weights.size() / cells] : 0.0F;
      if (valid) loss_.cells += 1.0;
    }
    for (float& value : target) value = std::isnan(value) ? 0.0F : value;
    const auto shape = io_.at("target_nan_padded").shape;
    target_ = tensor_of(target, shape);
    loss_.cell_weights = tensor_of(cell_weights, {shape[1], shape[2], shape[3]});
  }

  GradientResult gradient(int threads, std::int64_t micro_batch) {
    const auto examples = [&](std::int64_t begin, std::int64_t size) {
      return Examples{condition_.narrow(0, begin, size), target_.narrow(0, begin, size), {}};
    };
    const auto loss = [&](const at::Tensor& output, const Examples& made) {
      return loss_(output, made.target);
    };
    return batch_gradient(ops::Workers(threads), model_, state_.values, {}, loss, examples,
                          {.examples = 3, .micro_batch = micro_batch, .scale = 1.0 / 3.0});
  }

  testing::TempDir temp_;
  formats::SafetensorsFile io_;
  nn::DecoderModel model_;
  at::Tensor condition_;
  at::Tensor target_;
  OptimizerState state_;
  TokenLoss loss_;
};

TEST_F(GoldenSteps, LossNormAndWeightsEqualTheOfficialCode) {
  const std::vector<double> expected = read_wide<double>(io_, "loss_and_grad_norm");
  tasks::TrainConfig config = golden_config();
  const double rate = config.learning_rate;
  const ops::Workers workers(2);
  for (std::size_t step = 0; step < 5; ++step) {
    const GradientResult result = gradient(2, 2);
    const double norm = ops::gradient_norm(workers, result.gradients);
    EXPECT_NEAR(result.loss / expected[2 * step], 1.0, 1e-5) << step;
    EXPECT_NEAR(norm / expected[2 * step + 1], 1.0, 1e-5) << step;
    config.learning_rate = rate / static_cast<double>(step + 1);  // the same in every step
    adamw_step(workers, config, state_, result.gradients, norm);
  }
  for (std::size_t i = 0; i < state_.values.size(); ++i) {
    const std::string& name = model_.parameters()[i].name;
    // The layer after this bias normalises it away: its exact gradient is 0, and AdamW makes steps of
    // full size out of the rounding errors. No two programs agree on it.
    if (name == "model.decoder.module_list.0.linear2.bias") continue;
    std::vector<float> update = copy_of_values(state_.values[i]);
    std::vector<float> official = read_pth("after5.pth", name);
    const std::vector<float> start = read_pth("start.pth", name);
    for (std::size_t k = 0; k < start.size(); ++k) {
      update[k] -= start[k];
      official[k] -= start[k];
    }
    EXPECT_LT(relative_rms(std::span<const float>(update), std::span<const float>(official)), 1e-4)
        << name;
  }
}

TEST_F(GoldenSteps, TargetsAreTheTokensOfTheAdapters) {
  const adapter::AdapterLayout layout = adapter::read_layout_file(data_path("decoder/layout.json"));
  for (std::size_t i = 0; i < 3; ++i) {
    const adapter::LoraAdapter adapter =
        adapter::read_adapter_of_layout(data_path(cat("train/lora_", i, ".safetensors")), layout);
    std::vector<float> tokens = adapter::tokenize(layout, adapter);
    for (float& value : tokens) value = std::isnan(value) ? 0.0F : value;
    const std::vector<float> expected =
        copy_of_values(target_.select(0, static_cast<std::int64_t>(i)));
    EXPECT_LT(relative_rms(std::span<const float>(tokens), std::span<const float>(expected)), 1e-6);
  }
}

TEST_F(GoldenSteps, SameGradientWhateverTheThreads) {
  const GradientResult one = gradient(1, 1);
  const GradientResult three = gradient(3, 1);
  EXPECT_EQ(one.loss, three.loss);
  for (std::size_t i = 0; i < one.gradients.size(); ++i) {
    EXPECT_EQ(copy_of_values(one.gradients[i]), copy_of_values(three.gradients[i])) << i;
  }
}

}  // namespace
}  // namespace dnd::trainer
