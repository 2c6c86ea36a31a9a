#include "merge/compose.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "adapter/files/read_lora.h"
#include "adapter/peft.h"
#include "merge/make_adapter.h"
#include "support/expect_error.h"
#include "support/temp_dir.h"

namespace dnd::merge {
namespace {

using adapter::LoraPair;
using testing::dense;
using testing::random_pair;
using testing::TempDir;
using testing::weighted;

std::vector<WeightedAdapter> two_adapters() {
  return {weighted("some/where/one/", 1.0,
                   {random_pair("m.q", 20, 12, 3, 1), random_pair("m.k", 8, 12, 3, 3)}),
          weighted("two", -0.5, {random_pair("m.q", 20, 12, 4, 5, 1.0)})};
}

// What the module should be, in double.
std::vector<double> expected_sum(const std::vector<WeightedAdapter>& parts, const LoraPair& like) {
  std::vector<double> sum(static_cast<std::size_t>(like.out * like.in));
  for (const WeightedAdapter& part : parts) {
    for (const LoraPair& pair : part.adapter.pairs) {
      if (pair.module != like.module) continue;
      const std::vector<double> term = dense(pair, part.weight * pair.scale);
      for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += term[i];
    }
  }
  return sum;
}

double norm(const std::vector<double>& values) {
  double sum = 0.0;
  for (const double value : values) sum += value * value;
  return std::sqrt(sum);
}

// || pair - expected || / || expected ||
double distance(const LoraPair& pair, const std::vector<double>& expected) {
  std::vector<double> difference = dense(pair, pair.scale);
  for (std::size_t i = 0; i < difference.size(); ++i) difference[i] -= expected[i];
  return norm(difference) / norm(expected);
}

TEST(Compose, ConcatIsTheSum) {
  const auto parts = two_adapters();
  const Composition made = compose(parts, ComposeMethod::concat, std::nullopt);
  EXPECT_EQ(made.rank, 7);
  ASSERT_EQ(made.adapter.pairs.size(), 2U);
  for (const LoraPair& pair : made.adapter.pairs) {
    EXPECT_EQ(pair.rank, 7);  // one rank for all: m.k is filled up with zeros
    EXPECT_EQ(pair.scale, 1.0);
    EXPECT_LT(distance(pair, expected_sum(parts, pair)), 1e-7) << pair.module;
  }
  EXPECT_TRUE(made.losses.empty());
}

// Scales that are powers of two lose nothing: the parts stand in the result bit by bit.
TEST(Compose, ConcatKeepsBits) {
  const auto parts = two_adapters();
  const LoraPair first = parts[0].adapter.pairs[0];
  const LoraPair made = compose(parts, ComposeMethod::concat, std::nullopt).adapter.pairs[0];
  EXPECT_TRUE(std::equal(first.a.begin(), first.a.end(), made.a.begin()));
  for (std::size_t row = 0; row < 20; ++row) {
    for (std::size_t r = 0; r < 3; ++r) {
      ASSERT_EQ(made.b[row * 7 + r], 2.0F * first.b[row * 3 + r]);
    }
  }
}

TEST(Compose, SvdOfTheFullRankIsTheSum) {
  const auto parts = two_adapters();
  const Composition made = compose(parts, ComposeMethod::svd, 9);  // m.q has rank 7, m.k 3
  for (const LoraPair& pair : made.adapter.pairs) {
    EXPECT_EQ(pair.rank, 9);
    EXPECT_LT(distance(pair, expected_sum(parts, pair)), 1e-6) << pair.module;
  }
  EXPECT_LT(made.lost, 1e-12);
}

TEST(Compose, TheLossIsWhatIsMissing) {
  const auto parts = two_adapters();
  const Composition made = compose(parts, ComposeMethod::svd, 2);
  ASSERT_EQ(made.losses.size(), 2U);
  double missing = 0.0;
  double whole = 0.0;
  for (std::size_t i = 0; i < 2; ++i) {
    const LoraPair& pair = made.adapter.pairs[i];
    const std::vector<double> expected = expected_sum(parts, pair);
    const double lost = distance(pair, expected);
    EXPECT_EQ(made.losses[i].module, pair.module);
    EXPECT_GT(lost, 0.01);
    EXPECT_NEAR(made.losses[i].lost, lost, 1e-6);
    missing += std::pow(lost * norm(expected), 2);
    whole += std::pow(norm(expected), 2);
  }
  EXPECT_NEAR(made.lost, std::sqrt(missing / whole), 1e-6);
}

// A sum whose singular values are known: 4, 3, 2, 1 on the diagonal.
TEST(Compose, SvdKeepsTheLargest) {
  LoraPair pair = random_pair("m.q", 6, 5, 4, 1, 1.0);
  std::fill(pair.a.begin(), pair.a.end(), 0.0F);
  std::fill(pair.b.begin(), pair.b.end(), 0.0F);
  const float singular[] = {2.0F, -4.0F, 1.0F, 3.0F};
  for (std::size_t r = 0; r < 4; ++r) {
    pair.a[r * 5 + r] = 1.0F;
    pair.b[r * 4 + r] = singular[r];
  }
  const std::vector<WeightedAdapter> parts = {weighted("one", 1.0, {pair})};
  const Composition made = compose(parts, ComposeMethod::svd, 2);
  EXPECT_NEAR(made.lost, std::sqrt((4.0 + 1.0) / (16.0 + 9.0 + 4.0 + 1.0)), 1e-12);
  const LoraPair& kept = made.adapter.pairs[0];
  // B and A share the singular values, and B's largest entries are positive.
  EXPECT_NEAR(kept.b[1 * 2 + 0], 2.0F, 1e-6F);
  EXPECT_NEAR(kept.a[0 * 5 + 1], -2.0F, 1e-6F);
  EXPECT_NEAR(kept.b[3 * 2 + 1], std::sqrt(3.0F), 1e-6F);
  EXPECT_NEAR(kept.a[1 * 5 + 3], std::sqrt(3.0F), 1e-6F);
}

TEST(Compose, AddKeepsTheLargestRank) {
  const auto parts = two_adapters();
  const Composition made = compose(parts, ComposeMethod::add, std::nullopt);
  EXPECT_EQ(made.rank, 4);
  EXPECT_GT(made.losses[0].lost, 0.0);
  EXPECT_LT(made.losses[1].lost, 1e-12);  // m.k had rank 3
}

TEST(Compose, RanksAboveTheLayersWidth) {
  const std::vector<WeightedAdapter> parts = {weighted("a", 1.0, {random_pair("m", 3, 50, 5, 1)}),
                                              weighted("b", 1.0, {random_pair("m", 3, 50, 5, 7)})};
  const Composition made = compose(parts, ComposeMethod::add, std::nullopt);
  EXPECT_EQ(made.rank, 5);
  EXPECT_LT(distance(made.adapter.pairs[0], expected_sum(parts, made.adapter.pairs[0])), 1e-6);
}

TEST(Compose, ASumThatCancelsIsZero) {
  const std::vector<WeightedAdapter> parts = {weighted("a", 0.0, {random_pair("m", 4, 5, 2, 1)})};
  const Composition made = compose(parts, ComposeMethod::svd, 2);
  EXPECT_EQ(made.lost, 0.0);
  for (const float value : made.adapter.pairs[0].b) EXPECT_EQ(value, 0.0F);
}

TEST(Compose, ModulesMeetUnderTheirAliases) {
  const std::vector<WeightedAdapter> parts = {
      weighted("old", 1.0, {random_pair("model.layers.0.q", 4, 5, 2, 1)}),
      weighted("new", 1.0, {random_pair("model.language_model.layers.0.q", 4, 5, 2, 3)})};
  const Composition made = compose(parts, ComposeMethod::concat, std::nullopt);
  ASSERT_EQ(made.adapter.pairs.size(), 1U);
  EXPECT_EQ(made.adapter.pairs[0].module, "model.layers.0.q");
}

TEST(Compose, Refusals) {
  auto parts = two_adapters();
  EXPECT_DND_ERROR(compose(parts, ComposeMethod::svd, std::nullopt), ErrorKind::usage, "--rank");
  EXPECT_DND_ERROR(compose(parts, ComposeMethod::add, 3), ErrorKind::usage, "svd");
  EXPECT_DND_ERROR(compose_method("sum"), ErrorKind::usage, "'sum'");
  parts[1].adapter.pairs[0].in = 13;
  EXPECT_DND_ERROR(compose(parts, ComposeMethod::concat, std::nullopt), ErrorKind::data,
                   "two: module 'm.q': (out, in) is [20, 13], in an adapter before [20, 12]");
  parts = two_adapters();
  parts[0].adapter.pairs[1].magnitude.resize(8);
  EXPECT_DND_ERROR(compose(parts, ComposeMethod::concat, std::nullopt), ErrorKind::data, "DoRA");
  parts = two_adapters();
  parts[1].adapter.pairs[0].a[3] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_DND_ERROR(compose(parts, ComposeMethod::svd, 2), ErrorKind::data, "module 'm.q'");
}

void write(const std::filesystem::path& folder, const Composition& made, Dtype dtype) {
  adapter::PeftOptions options;
  options.dtype = dtype;
  adapter::write_peft_folder(folder, made.adapter, options, OnExisting::refuse);
}

TEST(Composition, IsAnAdapterFolder) {
  const TempDir dir;
  const Composition made = compose(two_adapters(), ComposeMethod::concat, std::nullopt);
  write(dir / "out", made, Dtype::f32);
  const adapter::LoraAdapter read = adapter::read_lora(dir / "out");
  EXPECT_EQ(read.metadata.at("dnd.composed_from"), "one:1, two:-0.5");
  EXPECT_EQ(read.metadata.at("dnd.compose_method"), "concat");
  ASSERT_EQ(read.pairs.size(), 2U);
  for (const LoraPair& pair : made.adapter.pairs) {
    const LoraPair* found = read.find(pair.module);
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->a, pair.a);
    EXPECT_EQ(found->b, pair.b);
    EXPECT_EQ(found->scale, 1.0);
  }
  EXPECT_DND_ERROR(write(dir / "out", made, Dtype::f32), ErrorKind::cannot_create, "exists");
}

TEST(Composition, RefusesWhatTheTypeCannotHold) {
  const TempDir dir;
  Composition made = compose(two_adapters(), ComposeMethod::concat, std::nullopt);
  made.adapter.pairs[0].b[5] = 1e30F;
  EXPECT_DND_ERROR(write(dir / "out", made, Dtype::f16), ErrorKind::data,
                   "base_model.model.m.q.lora_B.weight");
  EXPECT_TRUE(testing::names_in(dir.path()).empty());
  write(dir / "out", made, Dtype::bf16);
}

}  // namespace
}  // namespace dnd::merge
