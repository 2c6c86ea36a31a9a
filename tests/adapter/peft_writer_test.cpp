// From an adapter of any ranks and scales to one PEFT folder, and back.
#include <gtest/gtest.h>

#include <cmath>

#include "adapter/files/read_lora.h"
#include "adapter/peft.h"
#include "support/expect_error.h"
#include "support/golden.h"
#include "support/lora_files.h"
#include "support/temp_dir.h"

namespace dnd::adapter {
namespace {

using testing::product;
using testing::short_adapter;
using testing::TempDir;

class PeftWriter : public ::testing::Test {
 protected:
  Json write(const LoraAdapter& adapter, const PeftOptions& options = {}) const {
    write_peft_folder(dir_ / "out", adapter, options, OnExisting::replace);
    return read_json_file(dir_ / "out" / kAdapterConfigName, "config");
  }

  void expect_same_products(const LoraAdapter& adapter) const {
    const LoraAdapter back = read_lora(dir_ / "out");
    ASSERT_EQ(back.pairs.size(), adapter.pairs.size());
    for (const LoraPair& pair : adapter.pairs) {
      const LoraPair* found = back.find(pair.module);
      ASSERT_NE(found, nullptr) << pair.module;
      EXPECT_EQ(product(*found), product(pair)) << pair.module;
    }
  }

  TempDir dir_;
};

TEST_F(PeftWriter, OneRankAndOneWholeAlpha) {
  const LoraAdapter adapter = short_adapter({2, 2}, {3.0, 3.0});
  const Json config = write(adapter);
  EXPECT_EQ(config["r"], 2);
  EXPECT_EQ(config["lora_alpha"], 6);
  EXPECT_TRUE(config["lora_alpha"].is_number_integer());
  expect_same_products(adapter);
  EXPECT_EQ(read_lora(dir_ / "out").pairs[0].b, adapter.pairs[0].b) << "nothing was folded";
}

TEST_F(PeftWriter, SmallerRanksArePaddedWithZeros) {
  const LoraAdapter adapter = short_adapter({1, 4, 2}, {2.0, 2.0, 2.0});
  const Json config = write(adapter);
  EXPECT_EQ(config["r"], 4);
  EXPECT_EQ(config["lora_alpha"], 8);
  expect_same_products(adapter);
  const LoraPair padded = read_lora(dir_ / "out").pairs[0];
  EXPECT_EQ(padded.rank, 4);
  for (std::size_t i = 0; i < padded.a.size(); ++i) {
    EXPECT_EQ(padded.a[i], i < 6 ? adapter.pairs[0].a[i] : 0.0F);
  }
}

TEST_F(PeftWriter, OddScalesAreFoldedIntoB) {
  const LoraAdapter mixed = short_adapter({2, 2, 2}, {2.0, 0.5, 2.0});
  EXPECT_EQ(write(mixed)["lora_alpha"], 4) << "the commonest scale";
  expect_same_products(mixed);
  const LoraAdapter rslora = short_adapter({8}, {16.0 / std::sqrt(8.0)});
  EXPECT_EQ(write(rslora)["lora_alpha"], 8) << "no whole alpha fits";
  const LoraPair back = read_lora(dir_ / "out").pairs[0];
  EXPECT_LT(testing::relative_rms(std::span<const double>(product(back)),
                                  std::span<const double>(product(rslora.pairs[0]))),
            1e-7);
  const LoraAdapter nothing = short_adapter({2}, {0.0});
  EXPECT_EQ(write(nothing)["lora_alpha"], 2);
  expect_same_products(nothing);
  const LoraAdapter negative = short_adapter({2}, {-2.0});
  EXPECT_EQ(write(negative)["lora_alpha"], 2);
  expect_same_products(negative);
}

TEST_F(PeftWriter, DoraStaysDora) {
  LoraAdapter adapter = short_adapter({2, 2}, {1.0, 1.0});
  adapter.pairs[0].magnitude = {1.0F, 2.0F, 3.0F, 4.0F};
  EXPECT_DND_ERROR(write(adapter), ErrorKind::data,
                   "module 'model.layers.1.self_attn.q_proj' has no DoRA magnitude, others have");
  adapter.pairs[1].magnitude = {5.0F, 6.0F, 7.0F, 8.0F};
  EXPECT_EQ(write(adapter)["use_dora"], true);
  const LoraAdapter back = read_lora(dir_ / "out");
  EXPECT_EQ(back.pairs[1].magnitude, adapter.pairs[1].magnitude);
}

TEST_F(PeftWriter, TargetModulesAreSuffixesUnlessTheyTakeInOtherLayers) {
  LoraAdapter adapter = short_adapter({2, 2}, {1.0, 1.0});
  adapter.pairs[1].module = "blocks.0.attn.to_out.0";
  EXPECT_EQ(write(adapter)["target_modules"], Json({"q_proj", "to_out.0"}));
  adapter.pairs[1].module = "0";
  EXPECT_EQ(write(adapter)["target_modules"], Json({"q_proj", "0"}));
  adapter.pairs[1].module = "model.layers.1.mlp.gate_proj";
  target::BaseModel base;
  // The same layer under its newer name is no other layer.
  base.linears = {{"model.language_model.layers.0.self_attn.q_proj", 6, 4},
                  {"model.layers.1.mlp.gate_proj", 6, 4}};
  PeftOptions options;
  options.base = &base;
  EXPECT_EQ(write(adapter, options)["target_modules"], Json({"q_proj", "gate_proj"}));
  base.linears.push_back({"visual.blocks.0.mlp.gate_proj", 6, 4});
  EXPECT_EQ(
      write(adapter, options)["target_modules"],
      Json({"model.language_model.layers.0.self_attn.q_proj", "model.layers.1.mlp.gate_proj"}));
}

TEST_F(PeftWriter, OnlyOurOwnMetadataIsCarriedOn) {
  LoraAdapter adapter = short_adapter({2}, {1.0});
  adapter.metadata = {{"format", "mlx"}, {"dnd.seed", "7"}, {"ss_tag", "x"}};
  write(adapter);
  EXPECT_EQ(read_lora(dir_ / "out").metadata,
            (formats::Metadata{{"format", "pt"}, {"dnd.seed", "7"}}));
  const std::string card = read_text_file(dir_ / "out" / kCardName, 1U << 20U);
  EXPECT_NE(card.find("Converted by `dnd`"), std::string::npos) << card;
  EXPECT_EQ(card.find("drag-and-drop"), std::string::npos);
}

TEST_F(PeftWriter, TheCardNamesNoRepositoryForTheTinyBase) {
  LoraAdapter adapter = short_adapter({2}, {1.0});
  const auto card = [&](const std::string& base) {
    adapter.base_model = base;
    write(adapter);
    return read_text_file(dir_ / "out" / kCardName, 1U << 20U);
  };
  EXPECT_THAT(card("example/base"), ::testing::HasSubstr("base_model: \"example/base\""));
  const std::string tiny = card("dnd/tiny-default");
  EXPECT_EQ(tiny.find("dnd/tiny-default"), std::string::npos) << tiny;
  EXPECT_THAT(tiny, ::testing::HasSubstr("from_pretrained(\"models/default/base\")"));
}

// Read and written again, what PEFT itself wrote keeps every bit.
TEST_F(PeftWriter, RewritesThePeftGoldenAdapters) {
  for (const char* model : {"qwen2", "llama"}) {
    const auto folder = testing::data_path(std::string("interop/") + model + "/adapter");
    write(read_lora(folder));
    const formats::SafetensorsFile theirs(folder / kAdapterWeightsName);
    const formats::SafetensorsFile ours(dir_ / "out" / kAdapterWeightsName);
    ASSERT_EQ(ours.tensors().size(), theirs.tensors().size());
    for (const formats::TensorView& tensor : theirs.tensors()) {
      EXPECT_TRUE(
          std::equal(tensor.bytes.begin(), tensor.bytes.end(), ours.at(tensor.name).bytes.begin()))
          << tensor.name;
    }
  }
}

}  // namespace
}  // namespace dnd::adapter
