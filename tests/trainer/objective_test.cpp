#include "trainer/objective.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "adapter/peft.h"
#include "adapter/weight_codec.h"
#include "support/golden.h"
#include "support/tensors.h"

namespace dnd::trainer {
namespace {

using testing::data_path;
using testing::values_of;

adapter::AdapterLayout nano() {
  return adapter::read_layout_file(data_path("decoder/layout.json"));
}

// Tokens (1, T, R, S) of one of the golden adapters.
at::Tensor tokens_of(const adapter::AdapterLayout& layout, const std::string& name) {
  const auto adapter = adapter::read_adapter_of_layout(data_path("train/" + name), layout);
  const std::vector<float> values = adapter::tokenize(layout, adapter);
  at::Tensor tokens =
      at::empty({1, layout.token_count(), layout.token_rows, layout.token_columns}, at::kFloat);
  std::transform(values.begin(), values.end(), tokens.mutable_data_ptr<float>(),
                 [](float value) { return std::isnan(value) ? 0.0F : value; });
  return tokens;
}

// ||B A - B' A'||^2 by the definition.
double squared_distance(const adapter::LoraPair& x, const adapter::LoraPair& y) {
  const auto rank = static_cast<std::size_t>(x.rank);
  const auto in = static_cast<std::size_t>(x.in);
  const auto out = static_cast<std::size_t>(x.out);
  double sum = 0.0;
  for (std::size_t o = 0; o < out; ++o) {
    for (std::size_t i = 0; i < in; ++i) {
      double cell = 0.0;
      for (std::size_t r = 0; r < rank; ++r) {
        cell += static_cast<double>(x.b[o * rank + r] * x.a[r * in + i]) -
                static_cast<double>(y.b[o * rank + r] * y.a[r * in + i]);
      }
      sum += cell * cell;
    }
  }
  return sum;
}

TEST(UpdateLoss, IsTheDistanceOfTheUpdates) {
  const adapter::AdapterLayout layout = nano();
  const at::Tensor x = tokens_of(layout, "lora_0.safetensors");
  const at::Tensor y = tokens_of(layout, "lora_1.safetensors");
  const adapter::LoraAdapter ours = adapter::detokenize(layout, values_of(x));
  const adapter::LoraAdapter theirs = adapter::detokenize(layout, values_of(y));
  std::vector<double> weights;
  double expected = 0.0;
  for (std::size_t i = 0; i < ours.pairs.size(); ++i) {
    weights.push_back(1.0 + 2.0 * static_cast<double>(i));
    expected += weights.back() * squared_distance(ours.pairs[i], theirs.pairs[i]);
  }
  expected /= static_cast<double>(weights.size());
  const UpdateLoss loss{layout, weights};
  EXPECT_NEAR(loss(x, y).item<double>() / expected, 1.0, 1e-4);
  EXPECT_NEAR(loss(x, x).item<double>() / expected, 0.0, 1e-5);
}

// The gradient against differences: it must reach the scales as well as the cells.
TEST(UpdateLoss, HasAGradient) {
  const adapter::AdapterLayout layout = nano();
  const at::Tensor x = tokens_of(layout, "lora_0.safetensors");
  const at::Tensor y = tokens_of(layout, "lora_1.safetensors");
  const UpdateLoss loss{layout, std::vector<double>(layout.factors().size() / 2, 1.0)};
  const at::Tensor leaf = x.detach().clone().requires_grad_(true);
  const at::Tensor gradient = torch::autograd::grad({loss(leaf, y)}, {leaf})[0];
  const std::int64_t last = layout.token_rows - 1;
  for (const auto& [row, column] : {std::pair<std::int64_t, std::int64_t>{0, 0}, {last, 1}}) {
    constexpr double kStep = 0.05;
    const auto moved = [&, row = row, column = column](double step) {
      at::Tensor other = x.clone();
      other.select(1, 5).select(1, row).select(1, column).add_(step);
      return loss(other, y).item<double>();
    };
    const double slope = (moved(kStep) - moved(-kStep)) / (2.0 * kStep);
    const double ours = gradient.select(1, 5).select(1, row).select(1, column).item<double>();
    EXPECT_NE(ours, 0.0);
    EXPECT_NEAR(ours / slope, 1.0, 0.02) << row;
  }
}

TEST(TokenLoss, IsTheWeightedMeanOverTheCells) {
  at::Tensor weights = at::zeros({1, 2, 2}, at::kFloat);
  weights.mutable_data_ptr<float>()[0] = 2.0F;
  weights.mutable_data_ptr<float>()[3] = 1.0F;
  const at::Tensor target = at::zeros({2, 1, 2, 2}, at::kFloat);
  const TokenLoss loss{weights, 2.0};
  // Sum over two examples of (2 * 9 + 1 * 9) / 2 cells.
  EXPECT_FLOAT_EQ(loss(target + 3.0, target).item<float>(), 27.0F);
}

}  // namespace
}  // namespace dnd::trainer
