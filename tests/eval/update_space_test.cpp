#include "eval/update_space.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "support/expect_error.h"
#include "support/lora.h"

namespace dnd::eval {
namespace {

using testing::random_values;

// Two modules of rank 2: 5 -> 4 and 3 -> 6.
Weights random_adapter(std::uint64_t seed, std::int64_t rank = 2) {
  auto adapter = std::make_shared<adapter::LoraAdapter>();
  for (const auto& [in, out] : {std::pair<std::int64_t, std::int64_t>{5, 4}, {3, 6}}) {
    adapter::LoraPair& pair = adapter->pairs.emplace_back();
    pair.rank = rank;
    pair.in = in;
    pair.out = out;
    pair.a = random_values(rank * in, seed++);
    pair.b = random_values(out * rank, seed++);
  }
  return adapter;
}

// The updates B A of all modules one after another, with plain loops.
std::vector<double> dense(const Weights& adapter) {
  std::vector<double> all;
  for (const adapter::LoraPair& pair : adapter->pairs) {
    const auto update = testing::dense(pair, 1.0);
    all.insert(all.end(), update.begin(), update.end());
  }
  return all;
}

std::vector<double> dense_mean(const std::vector<Weights>& adapters) {
  std::vector<double> mean(dense(adapters[0]).size());
  for (const Weights& adapter : adapters) {
    const auto update = dense(adapter);
    for (std::size_t i = 0; i < mean.size(); ++i) {
      mean[i] += update[i] / static_cast<double>(adapters.size());
    }
  }
  return mean;
}

double squared_distance(const std::vector<double>& x, const std::vector<double>& y) {
  double sum = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += (x[i] - y[i]) * (x[i] - y[i]);
  return sum;
}

double dense_norm(const std::vector<double>& x) {
  return std::sqrt(squared_distance(x, std::vector<double>(x.size())));
}

TEST(UpdateSpace, DistancesAreThoseOfDenseUpdates) {
  const Weights x = random_adapter(1);
  const Weights y = random_adapter(2);
  const double expected = std::sqrt(squared_distance(dense(x), dense(y)));
  EXPECT_NEAR(norm(single(x)), dense_norm(dense(x)), 1e-12);
  EXPECT_NEAR(distance(single(x), single(y)), expected, 1e-12);
  EXPECT_NEAR(relative_distance(single(x), single(y)), expected / dense_norm(dense(y)), 1e-12);
  EXPECT_NEAR(distance(single(x), single(x)), 0.0, 1e-7);
}

TEST(UpdateSpace, DistanceToAMeanOfUpdates) {
  const std::vector<Weights> own = {random_adapter(1), random_adapter(2), random_adapter(3)};
  const Weights x = random_adapter(4);
  const auto mean = dense_mean(own);
  EXPECT_NEAR(distance(single(x), mean_update(own)), std::sqrt(squared_distance(dense(x), mean)),
              1e-12);
  double sum = 0.0;
  for (const Weights& adapter : own) sum += std::sqrt(squared_distance(dense(adapter), mean));
  EXPECT_NEAR(own_spread(own), sum / 3.0 / dense_norm(mean), 1e-12);
  EXPECT_EQ(own_spread({x}), 0.0);
}

// The same update by other factors (A scaled by 4, B by 1/4) is the same point.
TEST(UpdateSpace, KnowsNoGauge) {
  const Weights x = random_adapter(1);
  auto y = std::make_shared<adapter::LoraAdapter>(*x);
  for (float& value : y->pairs[0].a) value *= 4.0F;
  for (float& value : y->pairs[0].b) value *= 0.25F;
  EXPECT_NEAR(relative_distance(single(y), single(x)), 0.0, 1e-7);
}

TEST(UpdateSpace, OfZeroAndOfOtherShapes) {
  const Weights x = random_adapter(1);
  auto zero = std::make_shared<adapter::LoraAdapter>(*x);
  adapter::for_each_factor(
      *zero, [](std::vector<float>& values) { std::fill(values.begin(), values.end(), 0.0F); });
  EXPECT_TRUE(std::isnan(relative_distance(single(x), single(zero))));
  EXPECT_EQ(relative_distance(single(zero), single(x)), 1.0);
  EXPECT_DND_ERROR(inner(*x, *random_adapter(1, 3)), ErrorKind::internal, "layouts");
}

TEST(Spread, IsThatOfDenseUpdates) {
  const std::vector<std::vector<Weights>> groups = {
      {random_adapter(1), random_adapter(2)},
      {random_adapter(3), random_adapter(4), random_adapter(5)}};
  const auto first = dense_mean(groups[0]);
  const auto second = dense_mean(groups[1]);
  double within = 0.0;
  for (const Weights& x : groups[0]) within += squared_distance(dense(x), first) / 2.0 / 2.0;
  for (const Weights& x : groups[1]) within += squared_distance(dense(x), second) / 3.0 / 2.0;
  const Spread spread = spread_of(groups);
  EXPECT_NEAR(spread.within, std::sqrt(within), 1e-12);
  // Two means are each half their distance from their middle.
  EXPECT_NEAR(spread.between, 0.5 * std::sqrt(squared_distance(first, second)), 1e-12);
  EXPECT_NEAR(spread.ratio(), spread.within / spread.between, 1e-15);
  double squares = 0.0;
  for (const auto& group : groups) {
    for (const Weights& x : group) {
      squares += std::pow(dense_norm(dense(x)), 2) / static_cast<double>(2 * group.size());
    }
  }
  EXPECT_NEAR(spread.size, std::sqrt(squares), 1e-12);
  EXPECT_EQ(spread.tasks, 2U);
}

TEST(Spread, OfACollapsedGenerator) {
  const Weights x = random_adapter(1);
  const Weights y = random_adapter(2);
  const Spread spread = spread_of({{x, y}, {y, x}});  // all tasks get the same
  EXPECT_GT(spread.within, 0.1);
  EXPECT_NEAR(spread.between, 0.0, 1e-7);  // rounding
  EXPECT_TRUE(std::isnan(spread_of({{x, y}}).ratio()));
}

TEST(FactorMean, IsTheMeanOfAAndOfB) {
  const Weights x = random_adapter(1);
  const Weights y = random_adapter(2);
  FactorMean mean;
  mean.add(*x);
  mean.add(*y);
  const Weights made = mean.mean();
  const std::vector<float> values = flat_values(*made);
  const std::vector<float> of_x = flat_values(*x);
  const std::vector<float> of_y = flat_values(*y);
  ASSERT_EQ(values.size(), 2U * (5 + 4 + 3 + 6));
  for (std::size_t i = 0; i < values.size(); ++i) {
    EXPECT_FLOAT_EQ(values[i], (of_x[i] + of_y[i]) / 2.0F);
  }
  EXPECT_GT(distance(single(made), mean_update({x, y})), 0.1);  // not the mean of the updates
  EXPECT_DND_ERROR(mean.add(*random_adapter(1, 3)), ErrorKind::internal, "layouts");
}

}  // namespace
}  // namespace dnd::eval
