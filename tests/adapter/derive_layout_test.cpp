#include "adapter/derive_layout.h"

#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <numeric>
#include <sstream>

#include "base/file.h"
#include "base/random.h"
#include "base/strings.h"
#include "support/expect_error.h"
#include "support/golden.h"
#include "support/temp_dir.h"

namespace dnd::adapter {
namespace {

namespace fs = std::filesystem;
using testing::data_path;
using testing::TempDir;

struct Linear {
  std::int64_t in = 0;
  std::int64_t out = 0;
  std::int64_t layers = 0;
  bool operator==(const Linear&) const = default;
};
using Linears = std::map<std::string, Linear>;  // by full name with {i}

// Rows "module in_features out_features has_bias num_layers" of the language part.
Linears read_linears(const fs::path& path) {
  std::istringstream rows(read_text_file(path, 1U << 20U));
  std::string header;
  std::getline(rows, header);
  EXPECT_EQ(header, "module\tin_features\tout_features\thas_bias\tnum_layers");
  Linears linears;
  std::string name;
  std::string bias;
  for (Linear row; rows >> name >> row.in >> row.out >> bias >> row.layers;) {
    if (name.starts_with("model.layers.")) linears[name] = row;
  }
  return linears;
}

Linears linears_of(const AdapterLayout& layout) {
  Linears linears;
  for (const BlockLayout& block : layout.blocks) {
    for (const ModuleLayout& module : block.modules) {
      linears[block.prefix + "." + module.name] = {module.in, module.out, block.count};
    }
  }
  return linears;
}

Json small_config() {
  return {{"architectures", {"LlamaForCausalLM"}},
          {"hidden_size", 100},
          {"intermediate_size", 250},
          {"num_hidden_layers", 2},
          {"num_attention_heads", 4},
          {"num_key_value_heads", 2}};
}

class DeriveLayout : public ::testing::Test {
 protected:
  AdapterLayout derive(const Json& config, const DeriveOptions& options = {}) const {
    return derive_layout(dir_.file("config.json", json_line(config)), options);
  }

  void expect_refused(const Json& config, const std::string& message) const {
    EXPECT_DND_ERROR(derive(config), ErrorKind::data,
                     "base model: " + (dir_ / "config.json").string() + ": " + message);
  }

  TempDir dir_;
};

class DeriveLayoutOf : public ::testing::TestWithParam<const char*> {};

TEST_P(DeriveLayoutOf, HasEveryLinearLayer) {
  const fs::path target = data_path("targets") / GetParam();
  const AdapterLayout layout = derive_layout(target, {.rank = 16});
  const Linears expected = read_linears(target / "linears.tsv");
  EXPECT_EQ(expected.size(), 7U);
  EXPECT_EQ(linears_of(layout), expected);
  EXPECT_EQ(layout.target_modules(),
            (std::vector<std::string>{"q_proj", "k_proj", "v_proj", "o_proj", "up_proj",
                                      "gate_proj", "down_proj"}));
  EXPECT_EQ(padding_share(layout), 0.0);
  EXPECT_EQ(layout.token_rows, 18);
}

INSTANTIATE_TEST_SUITE_P(Targets, DeriveLayoutOf,
                         ::testing::Values("qwen2.5-0.5b-instruct", "qwen2.5-1.5b-instruct",
                                           "qwen2.5-7b-instruct", "qwen2.5-vl-3b-instruct",
                                           "llama-3.1-8b", "mistral-7b-v0.3", "qwen3-8b"),
                         [](const auto& target) {
                           std::string name;
                           for (const char c : std::string(target.param)) {
                             name += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
                           }
                           return name;
                         });

TEST_F(DeriveLayout, FindsTheOfficialLayouts) {
  for (const auto& [target, preset, tokens] :
       {std::tuple("qwen2.5-0.5b-instruct", "qwen2.5-0.5b", 4296),
        std::tuple("qwen2.5-1.5b-instruct", "qwen2.5-1.5b-math", 4508),
        std::tuple("qwen2.5-vl-3b-instruct", "qwen2.5-vl-3b", 7308),
        std::tuple("qwen2.5-7b-instruct", "qwen2.5-7b-math", 4928)}) {
    const fs::path file = data_path("../../models/presets/" + std::string(preset) + ".json");
    const AdapterLayout official =
        layout_from_json(read_json_file(file, preset).at("layout"), preset);
    const AdapterLayout derived = derive_layout(
        data_path("targets") / target, {.rank = official.rank, .base_model = official.base_model});
    EXPECT_EQ(layout_to_json(derived), layout_to_json(official)) << preset;
    EXPECT_EQ(derived.token_count(), tokens);
  }
}

TEST_F(DeriveLayout, TakesRankAlphaAndName) {
  Json config = small_config();
  config["_name_or_path"] = "org/model";
  AdapterLayout layout = derive(config, {.rank = 4});
  EXPECT_EQ(layout.alpha, 8);
  EXPECT_EQ(layout.base_model, "org/model");
  EXPECT_EQ(layout.architecture, "LlamaForCausalLM");
  EXPECT_EQ(layout.heads->attention, 4);
  EXPECT_EQ(layout.heads->key_value, 2);
  layout = derive(config, {.rank = 4, .alpha = 3, .base_model = "mine"});
  EXPECT_EQ(layout.alpha, 3);
  EXPECT_EQ(layout.base_model, "mine");
  EXPECT_EQ(derive_layout(dir_.path(), {.rank = 4}).token_rows, 6);  // the folder
}

TEST_F(DeriveLayout, HeadDimNeedNotDivideTheHiddenSize) {
  Json config = small_config();
  config["head_dim"] = 30;
  config.erase("num_key_value_heads");
  const AdapterLayout layout = derive(config);
  EXPECT_EQ(layout.blocks[0].modules[0].out, 120);  // q
  EXPECT_EQ(layout.blocks[0].modules[1].out, 120);  // k: as many heads as q
  EXPECT_EQ(layout.blocks[0].modules[3].in, 120);   // o
  config["head_dim"] = nullptr;
  EXPECT_EQ(derive(config).blocks[0].modules[0].out, 100);
}

TEST_F(DeriveLayout, ReadsANestedLanguagePart) {
  Json nested = {{"architectures", {"Qwen2_5_VLForConditionalGeneration"}},
                 {"text_config", small_config()},
                 {"vision_config", {{"hidden_size", 7}}}};
  EXPECT_EQ(linears_of(derive(nested)), linears_of(derive(small_config())));
  nested["text_config"].erase("hidden_size");
  expect_refused(nested, "text_config: key 'hidden_size' is missing");
}

TEST_F(DeriveLayout, LastChunksAreNarrower) {
  const AdapterLayout layout = derive(small_config(), {.rank = 4, .chunk_width = 64});
  const ModuleLayout& up = layout.blocks[0].modules[4];
  EXPECT_EQ(up.chunks_a, 2);  // 50 + 50
  EXPECT_EQ(up.chunks_b, 4);  // 63 + 63 + 63 + 61
  EXPECT_EQ(layout.token_columns, 66);
  EXPECT_EQ(layout.token_count(), 64);
  EXPECT_DOUBLE_EQ(padding_share(layout), 1.0 - 1750.0 / (32 * 64));
  EXPECT_EQ(derive(small_config(), {.chunk_width = 63}).token_columns, 66);  // made even
}

TEST_F(DeriveLayout, NamesWhatIsWrong) {
  const auto with = [](const char* key, const Json& value) {
    Json config = small_config();
    config[key] = value;
    return config;
  };
  for (const char* key : {"architectures", "hidden_size", "intermediate_size", "num_hidden_layers",
                          "num_attention_heads"}) {
    Json config = small_config();
    config.erase(key);
    expect_refused(config, std::string("key '") + key + "' is missing");
  }
  expect_refused(with("architectures", Json::array({"Phi3ForCausalLM"})),
                 "architecture 'Phi3ForCausalLM' is not supported; supported: LlamaForCausalLM, "
                 "MistralForCausalLM, Qwen2ForCausalLM");
  expect_refused(with("architectures", Json::array()), "'architectures' should name exactly one");
  expect_refused(with("architectures", Json::array({1})),
                 "'architectures' should name exactly one");
  expect_refused(with("hidden_size", 101),
                 "hidden_size 101 is no multiple of 4 attention heads and there is no head_dim");
  expect_refused(with("hidden_size", 1LL << 40U), "'hidden_size': expected an integer from 1 to");
  expect_refused(with("num_hidden_layers", 0), "'num_hidden_layers': expected an integer");
  expect_refused(with("num_hidden_layers", 4096.5), "'num_hidden_layers': expected an integer");
  expect_refused(with("head_dim", 1 << 24), "");  // a fine number, but hopeless tokens
}

TEST_F(DeriveLayout, NamesWrongOptions) {
  EXPECT_DND_ERROR(derive(small_config(), {.rank = 0}), ErrorKind::usage, "rank 0");
  EXPECT_DND_ERROR(derive(small_config(), {.rank = 5000}), ErrorKind::data, "'rank'");
  EXPECT_DND_ERROR(derive(small_config(), {.alpha = 0}), ErrorKind::data, "'alpha'");
  EXPECT_DND_ERROR(derive(small_config(), {.chunk_width = 0}), ErrorKind::usage, "chunk width 0");
  EXPECT_DND_ERROR(derive_layout("/nowhere", {}), ErrorKind::no_input, "/nowhere");
  EXPECT_DND_ERROR(derive_layout(data_path("codec"), {}), ErrorKind::no_input, "config.json");
}

std::int64_t padding_cells(const std::vector<std::int64_t>& sizes, std::int64_t width) {
  std::int64_t cells = 0;
  for (const std::int64_t size : sizes) cells += (width - size % width) % width;
  return cells;
}

TEST(ChooseChunkWidth, TakesTheGreatestCommonDivisor) {
  EXPECT_EQ(choose_chunk_width({896, 128, 4864}), 128);
  EXPECT_EQ(choose_chunk_width({1536, 256, 8960}), 256);
  EXPECT_EQ(choose_chunk_width({64 * 3, 64 * 5}), 64);
  EXPECT_EQ(choose_chunk_width({24, 12, 60}), 12);  // small, but the smallest size
  EXPECT_EQ(choose_chunk_width({7}), 7);
}

TEST(ChooseChunkWidth, ElseLeavesTheFewestPaddingCells) {
  SplitMix64 random(1);
  int searched = 0;
  for (int i = 0; i < 300; ++i) {
    std::vector<std::int64_t> sizes;
    std::int64_t divisor = 0;
    for (std::uint64_t n = 1 + random.below(5); n > 0; --n) {
      sizes.push_back(8 * static_cast<std::int64_t>(1 + random.below(2000)));
      divisor = std::gcd(divisor, sizes.back());
    }
    const std::int64_t chosen = choose_chunk_width(sizes);
    if (chosen == divisor) continue;
    ++searched;
    EXPECT_LT(divisor, 64);
    for (std::int64_t width = 64; width <= 512; width += 8) {
      EXPECT_LE(padding_cells(sizes, chosen),
                padding_cells(sizes, width) - (width > chosen ? 1 : 0));
    }
    EXPECT_EQ(chosen % 8, 0);
  }
  EXPECT_GT(searched, 100);
}

}  // namespace
}  // namespace dnd::adapter
