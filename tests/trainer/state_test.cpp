#include "trainer/state.h"

#include <ATen/ops/full.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <map>

#include "adapter/peft.h"
#include "base/strings.h"
#include "formats/safetensors.h"
#include "support/expect_error.h"
#include "support/golden.h"
#include "support/temp_dir.h"

namespace dnd::trainer {
namespace {

constexpr std::int64_t kSteps = 400;
constexpr const char* kIdentity = R"({"seed": 1})";
constexpr const char* kBias = "model.decoder.module_list.0.linear2.bias";

bundle::GeneratorConfig tiny() {
  bundle::GeneratorConfig config;
  config.layout = adapter::read_layout_file(testing::data_path("decoder/layout.json"));
  config.features = {{2, 3, 4}, {70, 6, 14}};
  config.condition.prompts = 2;
  config.condition.max_length = 3;
  config.condition.width = 4;
  return config;
}

// A state that was saved, and the same with something changed.
class StateTest : public ::testing::Test {
 protected:
  struct Tensor {
    formats::TensorSpec spec;
    std::vector<std::byte> bytes;
  };

  StateTest() {
    state_.values = filled(0.5);
    state_.exp_avg = filled(-0.25);
    state_.exp_avg_sq = filled(0.125);
    state_.step = 7;
    save_state(model_, state_, kIdentity, path_);
    const formats::SafetensorsFile file(path_);
    metadata_ = file.metadata();
    for (const formats::TensorView& view : file.tensors()) {
      tensors_[view.name] = {{view.name, view.dtype, view.shape},
                             {view.bytes.begin(), view.bytes.end()}};
    }
  }

  nn::Tensors filled(double value) const {
    nn::Tensors out;
    for (const auto& parameter : model_.parameters()) {
      out.push_back(at::full(parameter.shape, value, at::kFloat));
    }
    return out;
  }

  void rewrite() {
    std::vector<formats::TensorSpec> specs;
    for (const auto& [name, tensor] : tensors_) specs.push_back(tensor.spec);
    formats::sort_for_safetensors(specs);
    std::filesystem::remove(path_);
    formats::SafetensorsWriter writer(path_, specs, metadata_);
    for (const auto& spec : writer.specs()) writer.write(tensors_.at(spec.name).bytes);
    writer.finish();
  }

  void poison(const std::string& name, float value) {
    std::memcpy(&tensors_.at(name).bytes[4], &value, sizeof(value));
  }

  OptimizerState load() const { return load_state(model_, kSteps, kIdentity, path_); }

  void expect_refused(const std::string& words) {
    rewrite();
    EXPECT_DND_ERROR(load(), ErrorKind::data, words);
    EXPECT_DND_ERROR(load(), ErrorKind::data, path_.string());
  }

  testing::TempDir dir_;
  std::filesystem::path path_ = dir_ / "state.safetensors";
  nn::DecoderModel model_{tiny()};
  OptimizerState state_;
  formats::Metadata metadata_;
  std::map<std::string, Tensor> tensors_;
};

TEST_F(StateTest, IsReadAsItWasSaved) {
  rewrite();
  const OptimizerState read = load();
  EXPECT_EQ(read.step, 7);
  for (std::size_t i = 0; i < state_.values.size(); ++i) {
    EXPECT_TRUE(read.values[i].equal(state_.values[i]));
    EXPECT_TRUE(read.exp_avg[i].equal(state_.exp_avg[i]));
    EXPECT_TRUE(read.exp_avg_sq[i].equal(state_.exp_avg_sq[i]));
  }
}

TEST_F(StateTest, Steps) {
  for (const char* step :
       {"0", "401", "9223372036854775807", "9223372036854775808", "-1", "1e3", "", " 3", "3 "}) {
    metadata_["dnd.step"] = step;
    expect_refused(cat("dnd.step is '", step, "', expected 1 to 400"));
  }
  metadata_["dnd.step"] = "400";
  rewrite();
  EXPECT_EQ(load().step, 400);
}

TEST_F(StateTest, ValuesAndMomentsAreFinite) {
  for (const char* prefix : {"", "exp_avg.", "exp_avg_sq."}) {
    for (const float value : {std::nanf(""), std::numeric_limits<float>::infinity(),
                              -std::numeric_limits<float>::infinity()}) {
      const auto whole = tensors_;
      poison(prefix + std::string(kBias), value);
      expect_refused(cat("tensor '", prefix, kBias, "' holds ", value));
      tensors_ = whole;
    }
  }
}

TEST_F(StateTest, SecondMomentsAreNotNegative) {
  poison(cat("exp_avg.", kBias), -1.0F);
  poison(cat("exp_avg_sq.", kBias), -0.0F);
  rewrite();
  EXPECT_NO_THROW(load());
  poison(cat("exp_avg_sq.", kBias), -1e-30F);
  expect_refused("' holds -1e-30, expected finite values from 0 on (damaged?)");
}

TEST_F(StateTest, TensorsOfOtherNamesTypesAndShapes) {
  const auto whole = tensors_;
  tensors_["exp_avg.x"] = {{"exp_avg.x", Dtype::f32, {1}}, std::vector<std::byte>(4)};
  expect_refused("tensor 'exp_avg.x': unexpected");
  tensors_ = whole;
  Tensor& bias = tensors_.at(kBias);
  bias.spec.shape.push_back(1);
  expect_refused(kBias);
  bias.spec = {kBias, Dtype::bf16, whole.at(kBias).spec.shape};
  bias.bytes.resize(bias.bytes.size() / 2);
  expect_refused("BF16, expected F32");
  tensors_.erase(kBias);
  expect_refused(kBias);
}

TEST_F(StateTest, AnotherTraining) {
  rewrite();
  EXPECT_DND_ERROR(load_state(model_, kSteps, R"({"seed": 2})", path_), ErrorKind::data,
                   "seed: 1 there, 2 here");
  metadata_.erase("dnd.format");
  expect_refused("is not the state of a training");
}

}  // namespace
}  // namespace dnd::trainer
