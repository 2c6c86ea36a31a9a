#include "adapter/weight_codec.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <tuple>

#include "base/random.h"
#include "support/expect_error.h"
#include "support/golden.h"

namespace dnd::adapter {
namespace {

namespace fs = std::filesystem;
using formats::SafetensorsFile;
using testing::data_path;
using testing::relative_rms;

constexpr double kRounding = 1e-6;  // relative RMS

double error_of(const std::vector<float>& found, const std::vector<float>& expected) {
  return relative_rms(std::span(found), std::span(expected));
}

// The first layer of a preset's base model.
AdapterLayout one_layer_of(const std::string& preset) {
  const fs::path path = data_path("../../models/presets/" + preset + ".json");
  AdapterLayout layout = layout_from_json(read_json_file(path, preset).at("layout"), preset);
  layout.blocks[0].count = 1;
  return layout;
}

// The golden file's adapter under `prefix`.
LoraAdapter read_adapter(const SafetensorsFile& file, const AdapterLayout& layout,
                         const std::string& prefix) {
  LoraAdapter adapter = lora_of_layout(layout);
  const std::vector<FactorLayout> factors = layout.factors();
  for (std::size_t i = 0; i < factors.size(); ++i) {
    const auto shape = factors[i].shape(layout.rank);
    factor_values(adapter, i) = file.read_f32(prefix + factors[i].key, &shape);
  }
  return adapter;
}

void expect_golden_tokens(const SafetensorsFile& file, const AdapterLayout& layout) {
  std::vector<float> expected = file.read_f32("tokens_nan_padded");
  std::vector<float> found = tokenize(layout, read_adapter(file, layout, "lora."));
  ASSERT_EQ(found.size(), expected.size());
  std::size_t different = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (std::isnan(found[i]) != std::isnan(expected[i])) ++different;
    if (std::isnan(found[i])) found[i] = 0.0F;
    if (std::isnan(expected[i])) expected[i] = 0.0F;
  }
  EXPECT_EQ(different, 0U) << "cells that only one side leaves empty";
  EXPECT_LE(error_of(found, expected), kRounding);
}

void expect_golden_adapter(const SafetensorsFile& file, const AdapterLayout& layout) {
  const LoraAdapter found = detokenize(layout, file.read_f32("tokens_in"));
  const LoraAdapter expected = read_adapter(file, layout, "adapter_fp32.");
  ASSERT_EQ(found.pairs.size(), expected.pairs.size());
  for (std::size_t i = 0; i < found.pairs.size(); ++i) {
    const LoraPair& pair = found.pairs[i];
    EXPECT_EQ(pair.key, expected.pairs[i].key);
    // The released code subtracts 0.1 from exp() in fp32: its small deviations are off by this much.
    EXPECT_LE(error_of(pair.a, expected.pairs[i].a), 5 * kRounding) << pair.key;
    EXPECT_LE(error_of(pair.b, expected.pairs[i].b), 5 * kRounding) << pair.key;
  }
  EXPECT_LE(error_of(flat_values(found), flat_values(expected)), kRounding);
}

void expect_golden(const fs::path& path, const std::string& preset) {
  const SafetensorsFile file(path);
  const AdapterLayout layout = one_layer_of(preset);
  expect_golden_tokens(file, layout);
  expect_golden_adapter(file, layout);
}

// One module (in, out), cut as given, in tokens that leave `spare` rows and columns.
AdapterLayout layout_of(std::int64_t rank, std::int64_t in, std::int64_t chunks_a, std::int64_t out,
                        std::int64_t chunks_b, std::int64_t spare = 0) {
  AdapterLayout layout;
  layout.rank = rank;
  layout.alpha = 1;
  layout.blocks = {{"layer", 1, {{"m", in, out, chunks_a, chunks_b}}}};
  std::int64_t widest = 0;
  for (const FactorLayout& factor : layout.factors()) {
    widest = std::max(widest, factor.chunk_width());
  }
  layout.token_rows = rank + kScaleCells + spare;
  layout.token_columns = widest + widest % 2 + kScaleCells + 2 * spare;
  return layout_from_json(layout_to_json(layout), "test");
}

LoraAdapter adapter_of(const AdapterLayout& layout, const std::function<float()>& next) {
  LoraAdapter adapter = lora_of_layout(layout);
  for (LoraPair& pair : adapter.pairs) {
    pair.a.resize(static_cast<std::size_t>(pair.rank * pair.in));
    pair.b.resize(static_cast<std::size_t>(pair.out * pair.rank));
  }
  for_each_factor(adapter, [&](std::vector<float>& values) {
    for (float& value : values) value = next();
  });
  return adapter;
}

void expect_identity(const AdapterLayout& layout, const LoraAdapter& adapter, double tolerance) {
  const LoraAdapter back = detokenize(layout, tokenize(layout, adapter));
  ASSERT_EQ(back.pairs.size(), adapter.pairs.size());
  for (std::size_t i = 0; i < back.pairs.size(); ++i) {
    const LoraPair& pair = back.pairs[i];
    const LoraPair& given = adapter.pairs[i];
    EXPECT_EQ(pair.key, given.key);
    EXPECT_EQ(pair.module, given.module);
    EXPECT_EQ(std::tuple(pair.rank, pair.in, pair.out, pair.scale),
              std::tuple(given.rank, given.in, given.out, given.scale));
    EXPECT_LE(error_of(pair.a, given.a), tolerance);
    EXPECT_LE(error_of(pair.b, given.b), tolerance);
  }
}

TEST(WeightCodec, AgreesWithTheReleasedCode) {
  expect_golden(data_path("codec/qwen2.5-0.5b.safetensors"), "qwen2.5-0.5b");
}

TEST(WeightCodec, AgreesWithTheReleasedCodeOnALargerModel) {
  const char* folder = std::getenv("DND_SHARED_GOLDEN");
  const fs::path path =
      fs::path(folder == nullptr ? "" : folder) / "codec" / "qwen2.5-1.5b.safetensors";
  if (!fs::exists(path)) GTEST_SKIP() << "DND_SHARED_GOLDEN names no folder with " << path;
  expect_golden(path, "qwen2.5-1.5b-math");
}

TEST(WeightCodec, AToken) {
  const AdapterLayout layout = layout_of(1, 3, 1, 1, 1, 1);
  LoraAdapter adapter = lora_of_layout(layout);
  adapter.pairs[0].a = {1, 2, 3};
  adapter.pairs[0].b = {5};
  const std::vector<float> tokens = tokenize(layout, adapter);
  const auto s0 = 16.0F;  // 8 mean
  const auto s1 = 1.6F;   // ln(0.9 std + 0.1) + 1.6, std = 1
  const std::vector<float> expected = {-1,  0,   1,   NAN, NAN, NAN, s0, s1,  // (R, S) = (4, 8)
                                       NAN, NAN, NAN, NAN, NAN, NAN, s0, s1, s0, s1, s0, s1,
                                       s0,  s1,  s0,  s1,  s0,  s1,  s0, s1, s0, s1, s0, s1};
  ASSERT_EQ(tokens.size(), 2 * expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(std::isnan(tokens[i]), std::isnan(expected[i])) << i;
    if (std::isnan(expected[i])) continue;
    EXPECT_FLOAT_EQ(tokens[i], expected[i]) << i;
  }
  // One value has no deviation: it counts as 1.
  EXPECT_EQ(tokens[32], 0.0F);
  EXPECT_EQ(tokens[38], 40.0F);
  EXPECT_FLOAT_EQ(tokens[39], 1.6F);
}

TEST(WeightCodec, AveragesAllCopiesOfTheScale) {
  const AdapterLayout layout = layout_of(1, 2, 1, 2, 1);  // tokens (3, 4)
  std::vector<float> tokens = {0,  1,    8, 1.6F,         //
                               24, 1.6F, 8, 1.6F,         //
                               8,  1.6F, 8, 1.6F};
  tokens.resize(24, 0.0F);
  const LoraAdapter adapter = detokenize(layout, tokens);
  // 8 mean of pair 0: row 1 says (24 + 8) / 2, the columns of row 0 say 8. Pair 1 says 8 everywhere.
  const double mean = ((16.0 + 8.0) / 2.0 / 8.0 + 1.0) / 2.0;
  EXPECT_NEAR(adapter.pairs[0].a[0], mean, 1e-6);
  EXPECT_NEAR(adapter.pairs[0].a[1], mean + 1.0, 1e-6);
}

TEST(WeightCodec, TokenizeThenDetokenizeIsTheIdentity) {
  SplitMix64 random(7);
  const auto draw = [&](std::uint64_t bound) {
    return static_cast<std::int64_t>(random.below(bound));
  };
  for (int i = 0; i < 200; ++i) {
    const auto cut = [&](std::int64_t size) {
      const std::int64_t width = 1 + draw(static_cast<std::uint64_t>(size));
      return (size + width - 1) / width;
    };
    const std::int64_t in = 1 + draw(70);
    const std::int64_t out = 1 + draw(70);
    const AdapterLayout layout = layout_of(1 + draw(9), in, cut(in), out, cut(out), draw(3));
    const float mean = 2.0F * random.unit() - 1.0F;
    SCOPED_TRACE(json_line(layout_to_json(layout)));
    expect_identity(layout, adapter_of(layout, [&] { return mean + 4.0F * random.unit(); }),
                    kRounding);
  }
}

// The format stores ln(0.9 std + 0.1) + 1.6 as fp32, which costs 0.1 / std in relative precision.
TEST(WeightCodec, SmallWeightsKeepWhatTheFormatKeeps) {
  const AdapterLayout layout = layout_of(16, 300, 3, 200, 2);
  for (const float size : {1e-1F, 1e-2F, 1e-3F, 1e-4F}) {
    SplitMix64 random(8);
    expect_identity(layout, adapter_of(layout, [&] { return size * (random.unit() - 0.5F); }),
                    kRounding * (1.0 + 0.1 / static_cast<double>(size)));
  }
}

TEST(WeightCodec, ConstantAndSingleValuesSurvive) {
  for (const float value : {0.25F, -3.0F, 1e-3F}) {
    const auto constant = [=] { return value; };
    for (const AdapterLayout& layout : {layout_of(4, 10, 3, 8, 1), layout_of(1, 5, 5, 1, 1)}) {
      expect_identity(layout, adapter_of(layout, constant), kRounding);
    }
  }
  const AdapterLayout layout = layout_of(2, 6, 2, 6, 2);
  const LoraAdapter zero = adapter_of(layout, [] { return 0.0F; });
  for (const float value : flat_values(detokenize(layout, tokenize(layout, zero)))) {
    EXPECT_EQ(value, 0.0F);
  }
}

TEST(WeightCodec, CellsWithoutMeaningAreIgnored) {
  const AdapterLayout layout = layout_of(3, 10, 3, 7, 2, 2);
  SplitMix64 random(9);
  std::vector<float> tokens = tokenize(layout, adapter_of(layout, [&] { return random.unit(); }));
  const LoraAdapter expected = detokenize(layout, tokens);
  for (float& cell : tokens) {
    if (std::isnan(cell)) cell = 1e30F;
  }
  EXPECT_EQ(flat_values(detokenize(layout, tokens)), flat_values(expected));
}

TEST(WeightCodec, NamesWhatDoesNotFit) {
  const AdapterLayout layout = layout_of(2, 6, 2, 6, 2);  // 4 tokens of (4, 6)
  EXPECT_DND_ERROR(detokenize(layout, std::vector<float>(95)), ErrorKind::data,
                   "weight codec: 95 token values, the layout needs 4 x 4 x 6");
  LoraAdapter adapter = adapter_of(layout, [] { return 1.0F; });
  adapter.pairs[0].out = 5;
  EXPECT_DND_ERROR(tokenize(layout, adapter), ErrorKind::data,
                   "weight codec: tensor 'base_model.model.layer.m.lora_B.weight': shape [5, 2] "
                   "(12 values), the layout needs [6, 2]");
  adapter.pairs[0].out = 6;
  adapter.pairs[0].a.pop_back();
  EXPECT_DND_ERROR(tokenize(layout, adapter), ErrorKind::data,
                   "lora_A.weight': shape [2, 6] (11 values), the layout needs [2, 6]");
  adapter.pairs[0].a.push_back(1.0F);
  adapter.pairs[0].magnitude = std::vector<float>(6, 1.0F);
  EXPECT_DND_ERROR(tokenize(layout, adapter), ErrorKind::data, "'layer.m' is DoRA");
  adapter.pairs[0].magnitude.clear();
  EXPECT_NO_THROW(tokenize(layout, adapter));
  adapter.pairs[0].module = "layer.other";
  EXPECT_DND_ERROR(tokenize(layout, adapter), ErrorKind::data,
                   "weight codec: the adapter has no module 'layer.m'");
}

TEST(WeightCodec, TokensDoNotDependOnTheOrderOfThePairs) {
  AdapterLayout layout = layout_of(2, 6, 2, 6, 2);
  layout.blocks[0].prefix = "layers.{i}";
  layout.blocks[0].count = 3;
  SplitMix64 random(10);
  const LoraAdapter adapter = adapter_of(layout, [&] { return random.unit(); });
  LoraAdapter shuffled = adapter;
  std::rotate(shuffled.pairs.begin(), shuffled.pairs.begin() + 1, shuffled.pairs.end());
  const auto of = [&](const LoraAdapter& given) {
    return flat_values(detokenize(layout, tokenize(layout, given)));
  };
  EXPECT_EQ(of(shuffled), of(adapter));
}

TEST(WeightCodec, AnAdapterOfALayoutIsNamedAndScaledAsItSays) {
  AdapterLayout layout = layout_of(2, 6, 2, 6, 2);
  layout.base_model = "example/base";
  layout.architecture = "Qwen2ForCausalLM";
  layout.heads = {4, 2};
  layout.key_prefix = "other.";
  layout.alpha = 5;
  const LoraAdapter adapter = detokenize(layout, std::vector<float>(96, 0.5F));
  EXPECT_EQ(adapter.base_model, "example/base");
  EXPECT_EQ(adapter.architecture, "Qwen2ForCausalLM");
  EXPECT_EQ(adapter.metadata.at(kKeyValueHeadsKey), "2");
  ASSERT_EQ(adapter.pairs.size(), 1U);
  EXPECT_EQ(adapter.pairs[0].module, "layer.m");
  EXPECT_EQ(adapter.pairs[0].key, "other.layer.m");
  EXPECT_EQ(adapter.pairs[0].scale, 2.5);
}

}  // namespace
}  // namespace dnd::adapter
