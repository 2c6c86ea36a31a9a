#include "adapter/derive_layout.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <map>
#include <numeric>
#include <sstream>

#include "base/file.h"
#include "base/random.h"
#include "base/strings.h"
#include "support/expect_error.h"
#include "support/golden.h"
#include "support/sanitizers.h"
#include "support/sparse_safetensors.h"
#include "support/target_tables.h"
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

// The language part of a target's table.
Linears read_linears(const std::string& target) {
  Linears linears;
  for (const testing::TableRow& row : testing::read_target(target, "")) {
    if (row.module.starts_with("model.layers.")) {
      linears[row.module] = {row.in, row.out, row.layers};
    }
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
    return derive_layout(target::read_base_model(dir_.file("config.json", json_line(config))),
                         options);
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
  const AdapterLayout layout = derive_layout(target::read_base_model(target), {.rank = 16});
  const Linears expected = read_linears(GetParam());
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
                                           "qwen2.5-vl-7b-instruct", "qwen2.5-32b-instruct",
                                           "llama-3.1-8b", "mistral-7b-v0.3", "gemma-2-2b",
                                           "qwen3-8b"),
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
    const AdapterLayout derived =
        derive_layout(target::read_base_model(data_path("targets") / target),
                      {.rank = official.rank, .base_model = official.base_model});
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
  EXPECT_EQ(derive_layout(target::read_base_model(dir_.path()), {.rank = 4}).token_rows, 6);
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
  expect_refused(with("architectures", Json::array({"GPT2LMHeadModel"})),
                 "architecture 'GPT2LMHeadModel' is not supported; supported: LlamaForCausalLM, "
                 "MistralForCausalLM, Qwen2ForCausalLM");
  expect_refused(with("architectures", Json::array()), "'architectures' should name exactly one");
  expect_refused(with("architectures", Json::array({1})),
                 "'architectures' should name exactly one");
  expect_refused(with("hidden_size", 101),
                 "hidden_size 101 is no multiple of 4 attention heads and there is no head_dim");
  expect_refused(with("hidden_size", 1LL << 40U), "'hidden_size': expected an integer from 1 to");
  expect_refused(with("num_hidden_layers", 0), "'num_hidden_layers': expected an integer");
  expect_refused(with("num_hidden_layers", 4096.5), "'num_hidden_layers': expected an integer");
  Json wide = with("head_dim", 1 << 24);  // fine numbers, but not their product
  wide["num_attention_heads"] = 65536;
  expect_refused(wide, "blocks[0]: modules[0]: 'out': expected an integer");
}

TEST_F(DeriveLayout, NamesWrongOptions) {
  EXPECT_DND_ERROR(derive(small_config(), {.rank = 0}), ErrorKind::usage, "rank 0");
  EXPECT_DND_ERROR(derive(small_config(), {.rank = 5000}), ErrorKind::data, "'rank'");
  EXPECT_DND_ERROR(derive(small_config(), {.alpha = 0}), ErrorKind::data, "'alpha'");
  EXPECT_DND_ERROR(derive(small_config(), {.chunk_width = 0}), ErrorKind::usage, "chunk width 0");
  EXPECT_DND_ERROR(derive(small_config(), {.chunk_width = (1 << 20) + 1}), ErrorKind::usage,
                   "at most 1048576");
}

// Table of the number of modules and of parameters per unit of rank (docs/formats.md), by hand from the
// models' published sizes; the language part of vision-language models, no modulation.
struct Total {
  const char* target;
  const char* variant;
  std::int64_t modules;
  std::int64_t per_rank;
};
constexpr std::array kTotals = {
    Total{"qwen2.5-0.5b-instruct", "", 168, 549888},
    Total{"qwen2.5-1.5b-instruct", "", 196, 1154048},
    Total{"qwen2.5-7b-instruct", "", 196, 2523136},
    Total{"qwen2.5-coder-7b-instruct", "", 196, 2523136},
    Total{"qwen2.5-vl-7b-instruct", "", 196, 2523136},
    Total{"qwen2.5-vl-7b-instruct", ".nested", 196, 2523136},
    Total{"qwen2-vl-7b-instruct", "", 196, 2523136},
    Total{"qwen2.5-32b-instruct", "", 448, 8388608},
    Total{"qwen2.5-coder-32b-instruct", "", 448, 8388608},
    Total{"qwen2.5-vl-3b-instruct", "", 252, 1870848},
    Total{"qwen2.5-vl-3b-instruct", ".nested", 252, 1870848},
    Total{"wan2.1-t2v-1.3b", "", 300, 1367040},
    Total{"wan2.1-t2v-1.3b", ".original", 300, 1367040},
    Total{"wan2.1-t2v-14b", "", 400, 4792320},
    Total{"cogvideox-5b", "", 252, 2322432},
    Total{"llama-3.1-8b", "", 224, 2621440},
    Total{"mistral-7b-v0.3", "", 224, 2621440},
    Total{"gemma-2-2b", "", 182, 1297920},
    Total{"qwen3-8b", "", 252, 2727936},
    Total{"phi-3-mini-4k-instruct", "", 128, 1572864},
    Total{"omnigen2-transformer", "", 266, 2093040},
    Total{"flux.1-dev", "", 418, 4085760},
    Total{"hunyuanvideo", "", 452, 4411392},
    Total{"hunyuanvideo", ".original", 248, 3784704},
};

target::BaseModel read_target_model(const TempDir& dir, const std::string& target,
                                    const std::string& variant) {
  return target::read_base_model(testing::write_sparse(
      dir / "model.safetensors", testing::whole_model(testing::read_target(target, variant))));
}

TEST(DeriveLayoutTotals, AreThoseOfTheTargetsTable) {
  for (const Total& total : kTotals) {
    const TempDir dir;
    const auto layout = derive_layout(read_target_model(dir, total.target, total.variant), {});
    const std::string who = cat(total.target, total.variant);
    EXPECT_EQ(layout.factors().size(), 2U * static_cast<std::size_t>(total.modules)) << who;
    EXPECT_EQ(layout.parameter_count(), 8 * total.per_rank) << who;
    EXPECT_LE(layout.token_count(), kManyTokens) << who;
    EXPECT_LE(padding_share(layout), 0.1) << who;
    EXPECT_EQ(layout_to_json(layout_from_json(layout_to_json(layout), who)),
              layout_to_json(layout));
  }
}

TEST(DeriveLayoutTotals, HoldForEveryTargetWithAllLayers) {
  if (testing::kSanitized) GTEST_SKIP() << "the same code as for the totals, for a minute";
  for (const auto& folder : fs::directory_iterator(data_path("targets"))) {
    const TempDir dir;
    const auto base = read_target_model(dir, folder.path().filename().string(), "");
    const auto layout = derive_layout(base, {.targets = {.targets = {"all-linear"}}});
    EXPECT_EQ(layout.factors().size(), 2 * base.linears.size()) << folder;
    for (const target::Linear& linear : base.linears) {
      const auto factors = layout.factors();
      const auto factor = std::find_if(factors.begin(), factors.end(), [&](const auto& each) {
        return each.module == linear.path && each.factor == Factor::b;
      });
      ASSERT_NE(factor, factors.end()) << linear.path;
      EXPECT_EQ(factor->size, linear.out);
      EXPECT_EQ((factor - 1)->size, linear.in);
      if (linear.path.find(".1.") != std::string::npos) break;  // blocks repeat
    }
  }
}

TEST(DeriveLayoutKeys, BeginAsTheirLoadersExpect) {
  const TempDir dir;
  const auto prefix = [&](const char* target, const char* variant) {
    return derive_layout(read_target_model(dir, target, variant), {}).key_prefix;
  };
  EXPECT_EQ(prefix("flux.1-dev", ""), "transformer.");
  EXPECT_EQ(prefix("wan2.1-t2v-14b", ""), "transformer.");
  EXPECT_EQ(prefix("wan2.1-t2v-14b", ".original"), "diffusion_model.");
  EXPECT_EQ(prefix("matrix-game-1", ""), "diffusion_model.");
  EXPECT_EQ(prefix("lino-unips", ""), "base_model.model.");
  EXPECT_EQ(prefix("llama-3.1-8b", ""), "base_model.model.");
  const auto base = read_target_model(dir, "flux.1-dev", "");
  EXPECT_EQ(derive_layout(base, {.key_prefix = ""}).factors()[0].key,
            "transformer_blocks.0.attn.add_k_proj.lora_A.weight");
}

target::BaseModel model_of(const std::vector<std::string>& paths) {
  target::BaseModel base;
  base.source = "test";
  for (const std::string& path : paths) base.linears.push_back({path, 64, 64});
  return base;
}

std::vector<std::string> prefixes_of(const AdapterLayout& layout) {
  std::vector<std::string> prefixes;
  for (const auto& block : layout.blocks) prefixes.push_back(cat(block.prefix, " ", block.count));
  return prefixes;
}

TEST(DeriveLayoutBlocks, AreMergedWhereTheyAreEqual) {
  EXPECT_EQ(prefixes_of(derive_layout(model_of({"m.layers.0.a", "m.layers.1.a", "m.layers.2.b",
                                                "m.layers.3.a", "m.layers.4.a", "n.layers.0.a"}),
                                      {})),
            (std::vector<std::string>{"m.layers.{i} 2", "m.layers.2 1", "m.layers.3 1",
                                      "m.layers.4 1", "n.layers.{i} 1"}));
  EXPECT_EQ(prefixes_of(derive_layout(model_of({"m.layers.0.a", "m.layers.2.a"}), {})),
            (std::vector<std::string>{"m.layers.{i} 1", "m.layers.2 1"}));
  const AdapterLayout layout =
      derive_layout(model_of({"m.layers.0.a", "m.layers.1.a", "head", "x"}),
                    {.targets = {.targets = {"all-linear"}}});
  EXPECT_EQ(prefixes_of(layout), (std::vector<std::string>{"m.layers.{i} 2", " 1"}));
  EXPECT_EQ(layout.factors().back().module, "x");
  EXPECT_DND_ERROR(derive_layout(model_of({"m.layers.0.{i}", "m.layers.1.a"}), {}), ErrorKind::data,
                   "'m.layers.0.{i}' has {i} in its name");
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
    if (divisor % chosen == 0) continue;
    EXPECT_LE(std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0}) / chosen, kManyTokens);
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

TEST(ChooseChunkWidth, CutsWideDivisors) {
  EXPECT_EQ(choose_chunk_width({1024, 4096}), 1024);
  EXPECT_EQ(choose_chunk_width({3072, 12288}), 1024);
  EXPECT_EQ(choose_chunk_width({2560, 5120}), 640);   // 2560 / 3 is no whole number
  EXPECT_EQ(choose_chunk_width({2062, 4124}), 2062);  // 2 * 1031: only absurd divisors
  EXPECT_EQ(choose_chunk_width({1031}), 1031);
}

TEST(ChooseChunkWidth, AvoidsTooManyTokens) {
  // A divisor of 64 would cut these into 64 * 512 tokens.
  const std::vector<std::int64_t> many(512, 64 * 64);
  std::vector<std::int64_t> sizes = many;
  sizes.push_back(64 * 3);
  EXPECT_EQ(choose_chunk_width(sizes), 256);
  // Sixteen times as many fit no width of 512 or less.
  sizes.clear();
  for (int i = 0; i < 16; ++i) sizes.insert(sizes.end(), many.begin(), many.end());
  sizes.push_back(64);
  EXPECT_EQ(choose_chunk_width(sizes), 4096);
  sizes.assign(20000, 8);
  EXPECT_EQ(choose_chunk_width(sizes), 1 << 20);  // hopeless: a token each
}

}  // namespace
}  // namespace dnd::adapter
