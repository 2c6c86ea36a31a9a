#include "bundle/propose_features.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "bundle/write_bundle.h"
#include "support/expect_error.h"
#include "support/golden.h"

namespace dnd::bundle {
namespace {

using testing::data_path;

GeneratorConfig preset(const std::string& name) {
  return read_preset(data_path("../../models/presets"), name);
}

bool is_monotone(const std::vector<Feature>& features, std::int64_t Feature::*size) {
  const auto up = [&](const Feature& a, const Feature& b) { return a.*size <= b.*size; };
  const auto down = [&](const Feature& a, const Feature& b) { return a.*size >= b.*size; };
  return std::equal(features.begin(), features.end() - 1, features.begin() + 1, up) ||
         std::equal(features.begin(), features.end() - 1, features.begin() + 1, down);
}

constexpr std::array kPresets = {"qwen2.5-0.5b", "qwen2.5-1.5b-math", "qwen2.5-vl-3b",
                                 "qwen2.5-7b-code"};

TEST(ProposeFeatures, CountsWhatTheReleasedDecodersHave) {
  // The numbers of docs/algorithm.md: 1.113, 1.775, 2.410 and 1.937 G.
  constexpr std::array kMillions = {1113, 1775, 2410, 1937};
  for (std::size_t i = 0; i < kPresets.size(); ++i) {
    const GeneratorConfig config = preset(kPresets[i]);
    EXPECT_EQ((count_parameters(config.features, config.kernel) + 500000) / 1000000, kMillions[i]);
  }
}

TEST(ProposeFeatures, ComesCloseToTheBudgetFromBelow) {
  for (const char* name : kPresets) {
    const GeneratorConfig config = preset(name);
    const Feature& first = config.features.front();
    for (const auto& [budget, kernel] :
         {std::pair(100'000'000LL, 3), std::pair(280'000'000LL, 3), std::pair(1'000'000'000LL, 9),
          std::pair(2'000'000'000LL, 11)}) {
      const auto features = propose_features(config.layout, first, budget, kernel);
      const std::int64_t count = count_parameters(features, kernel);
      EXPECT_LE(count, budget) << name;
      EXPECT_EQ(features.front(), first);
      EXPECT_EQ(features.back(), config.features.back());
      for (const auto size : {&Feature::n, &Feature::h, &Feature::w}) {
        EXPECT_TRUE(is_monotone(features, size)) << name << " " << features_text(features);
      }
      EXPECT_GT(static_cast<double>(count), 0.995 * static_cast<double>(budget))
          << name << " " << features_text(features);
      EXPECT_EQ(features, propose_features(config.layout, first, budget, kernel));
    }
  }
}

TEST(ProposeFeatures, WithTheReleasedBudgetIsAsDeepAsTheReleased) {
  const GeneratorConfig config = preset("qwen2.5-0.5b");
  const auto features = propose_features(config.layout, config.features.front(),
                                         config.decoder_parameters(), config.kernel);
  EXPECT_EQ(features.size(), 7U);
  const auto [n, h, w] = features[5];
  EXPECT_GT(n, 1024);  // 2048 in the release
  EXPECT_GT(h, 10);
  EXPECT_GT(w, 130);
}

TEST(ProposeFeatures, HasFewerLayersWhereTheBudgetIsSmall) {
  const GeneratorConfig config = preset("qwen2.5-0.5b");
  const Feature first = config.features.front();
  const std::int64_t least = count_parameters({first, config.features.back()}, 9);
  EXPECT_EQ(propose_features(config.layout, first, least, 9).size(), 2U);
  std::size_t layers = 1;
  for (std::int64_t budget = least; budget < 4 * least; budget += least / 4) {
    const auto features = propose_features(config.layout, first, budget, 9);
    EXPECT_LE(count_parameters(features, 9), budget);
    EXPECT_GE(features.size() - 1, layers);
    layers = features.size() - 1;
  }
  EXPECT_EQ(layers, 6U);
}

TEST(ProposeFeatures, NoCascadeIsSmallerThanOneLayer) {
  const GeneratorConfig config = preset("qwen2.5-0.5b");
  const Feature first = config.features.front();
  const Feature last = config.features.back();
  const std::int64_t least = count_parameters({first, last}, 3);
  for (const Feature& middle : {first, Feature{128, 10, 130}, Feature{128, 50, 200}}) {
    EXPECT_GT(count_parameters({first, middle, last}, 3), least);
  }
}

TEST(ProposeFeatures, GrowsNoWiderThanTheTokens) {
  const GeneratorConfig config = preset("qwen2.5-0.5b");
  const auto features = propose_features(config.layout, config.features.front(), 1LL << 40U, 3);
  ASSERT_EQ(features.size(), 9U);
  EXPECT_EQ(features[7].n, 4296);
  // More prompts than tokens: the channels stay, then shrink at the end.
  const auto many = propose_features(config.layout, {5000, 20, 8}, 1LL << 40U, 3);
  EXPECT_EQ(many[7].n, 5000);
}

TEST(ProposeFeatures, NamesTheSmallestBudget) {
  const GeneratorConfig config = preset("qwen2.5-0.5b");
  const Feature first = config.features.front();
  const std::int64_t least = count_parameters({first, config.features.back()}, 9);
  EXPECT_DND_ERROR(propose_features(config.layout, first, least - 1, 9), ErrorKind::usage,
                   "it takes at least " + std::to_string(least));
  EXPECT_DND_ERROR(propose_features(config.layout, {0, 1, 1}, least, 9), ErrorKind::data,
                   "feature [0, 1, 1]");
  EXPECT_DND_ERROR(propose_features(config.layout, first, least, 4), ErrorKind::data, "odd");
}

TEST(ProposeFeatures, AreWrittenAsTheProgramTakesThem) {
  EXPECT_EQ(features_text({{8, 36, 384}, {70, 6, 14}}), "[[8,36,384],[70,6,14]]");
}

}  // namespace
}  // namespace dnd::bundle
