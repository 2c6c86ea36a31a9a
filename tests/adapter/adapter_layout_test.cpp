#include "adapter/adapter_layout.h"

#include <gtest/gtest.h>

#include <tuple>

#include "support/expect_error.h"
#include "support/golden.h"

namespace dnd::adapter {
namespace {

using testing::data_path;

// Two layers of seven modules, rank 4, tokens (6, 14).
Json nano() { return read_json_file(data_path("decoder/layout.json"), "nano"); }

// nano with `value` at the JSON pointer `place`.
Json nano_with(const std::string& place, const Json& value) {
  Json json = nano();
  json[Json::json_pointer(place)] = value;
  return json;
}

Json nano_without(const std::string& object, const std::string& key) {
  Json json = nano();
  json[Json::json_pointer(object)].erase(key);
  return json;
}

void expect_refused(const Json& json, const std::string& message) {
  EXPECT_DND_ERROR(layout_from_json(json, "x"), ErrorKind::data, "x: " + message);
}

Json module(std::int64_t in, std::int64_t chunks_a, const std::string& name = "m") {
  return {{"name", name}, {"in", in}, {"out", 1}, {"chunks_a", chunks_a}, {"chunks_b", 1}};
}

Json modules(std::initializer_list<Json> items) {
  Json array = Json::array();
  for (const Json& item : items) array.push_back(item);
  return array;
}

TEST(AdapterLayout, ReadsTheGoldenOne) {
  const AdapterLayout layout = read_layout_file(data_path("decoder/layout.json"));
  EXPECT_EQ(layout.base_model, "example/nano");
  EXPECT_EQ(layout.architecture, "Qwen2ForCausalLM");
  EXPECT_EQ(layout.rank, 4);
  EXPECT_EQ(layout.alpha, 8);
  EXPECT_EQ(layout.token_rows, 6);
  EXPECT_EQ(layout.token_columns, 14);
  EXPECT_EQ(layout.key_prefix, "base_model.model.");
  EXPECT_FALSE(layout.heads);
  EXPECT_EQ(layout.token_count(), 70);
  EXPECT_EQ(layout.parameter_count(), 2 * 4 * (4 * 24 + 2 * 36 + 3 * 84));
}

TEST(AdapterLayout, TokensRunThroughLayersModulesAThenB) {
  const AdapterLayout layout = layout_from_json(nano(), "x");
  const std::vector<FactorLayout> factors = layout.factors();
  const std::vector<std::string> names = {
      "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj",
      "mlp.up_proj",      "mlp.gate_proj",    "mlp.down_proj"};
  // Where A and B of each module begin within the 35 tokens of a layer.
  const std::vector<std::int64_t> begins = {0, 2, 4, 6, 7, 9, 10, 12, 14, 16, 21, 23, 28, 33};
  ASSERT_EQ(factors.size(), 28U);
  for (std::size_t i = 0; i < factors.size(); ++i) {
    const std::string layer = std::to_string(i / 14);
    const bool is_a = i % 2 == 0;
    const std::string path = "model.layers." + layer + "." + names[i % 14 / 2];
    EXPECT_EQ(factors[i].module, path);
    EXPECT_EQ(factors[i].key,
              "base_model.model." + path + (is_a ? ".lora_A" : ".lora_B") + ".weight");
    EXPECT_EQ(factors[i].factor, is_a ? Factor::a : Factor::b);
    EXPECT_EQ(factors[i].first_token, static_cast<std::int64_t>(i / 14) * 35 + begins[i % 14]);
    EXPECT_EQ(factors[i].chunk_width(), 12);
  }
  EXPECT_EQ(factors[12].shape(4), (std::vector<std::int64_t>{4, 60}));  // down A: (rank, in)
  EXPECT_EQ(factors[13].shape(4), (std::vector<std::int64_t>{24, 4}));  // down B: (out, rank)
}

TEST(AdapterLayout, TheAdapterHasTheKeysOfTheGoldenOne) {
  const AdapterLayout layout = layout_from_json(nano(), "x");
  const formats::SafetensorsFile golden(data_path("decoder/plain-k3/adapter_fp32.safetensors"));
  ASSERT_EQ(layout.factors().size(), golden.tensors().size());
  for (const FactorLayout& factor : layout.factors()) {
    EXPECT_EQ(golden.at(factor.key).shape, factor.shape(layout.rank)) << factor.key;
  }
}

TEST(AdapterLayout, SurvivesJson) {
  EXPECT_EQ(layout_to_json(layout_from_json(nano(), "x")), nano());
  Json full = nano();
  full["key_prefix"] = "";
  full["heads"] = {{"attention", 14}, {"key_value", 2}};
  full["blocks"].push_back(
      {{"prefix", "head"}, {"count", 1}, {"modules", modules({module(25, 3)})}});
  const AdapterLayout layout = layout_from_json(full, "x");
  EXPECT_EQ(layout.heads->attention, 14);
  EXPECT_EQ(layout.heads->key_value, 2);
  EXPECT_EQ(layout.factors().back().key, "head.m.lora_B.weight");
  EXPECT_EQ(layout_from_json(layout_to_json(layout), "x").factors().size(), 30U);
  // Keys come out in an order of their own.
  EXPECT_EQ(nlohmann::json::parse(layout_to_json(layout).dump()),
            nlohmann::json::parse(full.dump()));
}

TEST(AdapterLayout, BlocksNeedNoPrefixAndNoNames) {
  Json json = nano_without("", "base_model");
  json["blocks"] = modules({{{"prefix", ""}, {"count", 1}, {"modules", modules({module(1, 1)})}}});
  const AdapterLayout layout = layout_from_json(json, "x");
  EXPECT_EQ(layout.base_model, "");
  EXPECT_EQ(layout.factors()[0].module, "m");
  EXPECT_EQ(layout_to_json(layout).contains("base_model"), false);
}

TEST(AdapterLayout, TargetModulesAreTheLastNamesOnce) {
  Json json = nano();
  json["blocks"].push_back(
      {{"prefix", "other"},
       {"count", 1},
       {"modules", modules({module(1, 1, "cross.q_proj"), module(1, 1, "fc")})}});
  EXPECT_EQ(layout_from_json(json, "x").target_modules(),
            (std::vector<std::string>{"q_proj", "k_proj", "v_proj", "o_proj", "up_proj",
                                      "gate_proj", "down_proj", "fc"}));
}

TEST(AdapterLayout, NamesWhatIsWrong) {
  using Case = std::tuple<const char*, Json, const char*>;
  for (const auto& [place, value, message] : {
           Case("/format", "dnd-generator", "'format' is 'dnd-generator', expected 'dnd-layout'"),
           Case("/format", 1, "'format': expected a string, got number"),
           Case("/version", 2, "'version': expected an integer from 1 to 1, got 2"),
           Case("/base_model", 7, "'base_model': expected a string, got number"),
           Case("/rank", 0, "'rank': expected an integer from 1 to 4096, got 0"),
           Case("/rank", 4.0, "'rank': expected an integer from 1 to 4096, got 4.0"),
           Case("/rank", "4", "'rank': expected an integer from 1 to 4096, got \"4\""),
           Case("/rank", 5, "rank 5 does not fit token_shape: 6 rows, 2 of them for scales"),
           Case("/alpha", -1, "'alpha': expected an integer from 1 to 1048576, got -1"),
           Case("/token_shape", 6, "'token_shape': expected an array, got number"),
           Case("/token_shape/2", 1000, "'token_shape' has 3 numbers, expected 2"),
           Case("/token_shape/0", 2, "'token_shape': expected an integer from 3 to"),
           Case("/token_shape/1", 15, "'token_shape' has 15 columns, expected an even number"),
           Case("/heads", Json::object(), "heads: key 'attention' is missing"),
           Case("/heads", 14, "heads: expected an object, got number"),
           Case("/blocks", Json::object(), "'blocks': expected an array, got object"),
           Case("/blocks", Json::array(), "'blocks' is empty"),
           Case("/blocks/0", 1, "blocks[0]: expected an object, got number"),
           Case("/blocks/0/prefix", "model",
                "blocks[0]: 'prefix' needs {i} to tell 2 blocks apart"),
           Case("/blocks/0/count", 0, "blocks[0]: 'count': expected an integer from 1 to 65536"),
           Case("/blocks/0/modules", Json::array(), "blocks[0]: 'modules' is empty"),
           Case("/blocks/0/modules/0", Json(nullptr),
                "blocks[0]: modules[0]: expected an object, got null"),
           Case("/blocks/0/modules/0/name", "", "blocks[0]: modules[0]: 'name' is empty"),
           Case("/blocks/0/modules/0/in", 0,
                "blocks[0]: modules[0]: 'in': expected an integer from 1"),
           Case("/blocks/0/modules/1/name", "self_attn.q_proj",
                "'base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight' appears twice"),
       }) {
    expect_refused(nano_with(place, value), message);
  }
  EXPECT_DND_ERROR(layout_from_json(Json::array(), "x"), ErrorKind::data,
                   "x: expected an object, got array");
}

TEST(AdapterLayout, NamesUnknownAndMissingKeys) {
  expect_refused(nano_with("/alpa", 8), "unknown key 'alpa' (did you mean 'alpha'?)");
  expect_refused(nano_with("/head", Json::object()), "unknown key 'head' (did you mean 'heads'?)");
  expect_refused(nano_with("/blocks/0/counts", 8),
                 "blocks[0]: unknown key 'counts' (did you mean 'count'?)");
  expect_refused(nano_with("/blocks/0/modules/6/chunks", 8),
                 "blocks[0]: modules[6]: unknown key 'chunks'");
  expect_refused(nano_with("/\x1b[31m", 8), "unknown key '\\x1b[31m'");
  for (const char* key : {"format", "version", "rank", "alpha", "token_shape", "blocks"}) {
    expect_refused(nano_without("", key), std::string("key '") + key + "' is missing");
  }
  for (const char* key : {"prefix", "count", "modules"}) {
    expect_refused(nano_without("/blocks/0", key), std::string("blocks[0]: key '") + key);
  }
  for (const char* key : {"name", "in", "out", "chunks_a", "chunks_b"}) {
    expect_refused(nano_without("/blocks/0/modules/2", key),
                   std::string("blocks[0]: modules[2]: key '") + key + "' is missing");
  }
}

TEST(AdapterLayout, ChunksCoverAndFitTheToken) {
  const auto with = [](std::int64_t in, std::int64_t chunks) {
    return nano_with("/blocks/0/modules/0", module(in, chunks));
  };
  EXPECT_NO_THROW(layout_from_json(with(12, 1), "x"));
  EXPECT_NO_THROW(layout_from_json(with(5, 3), "x"));  // 2 + 2 + 1
  EXPECT_NO_THROW(layout_from_json(with(7, 7), "x"));
  const std::string where = "blocks[0]: modules[0]: ";
  expect_refused(with(13, 1), where +
                                  "chunks_a = 1 cuts 13 into chunks of 13 columns, the token "
                                  "holds 12");
  expect_refused(with(6, 4), where + "chunks_a = 4 leaves an empty chunk of 6");  // 2 + 2 + 2 + 0
  expect_refused(with(7, 8), where + "chunks_a = 8 leaves an empty chunk of 7");
  expect_refused(nano_with("/blocks/0/modules/0/chunks_b", 1), where + "chunks_b = 1 cuts 24");
}

TEST(AdapterLayout, HugeNumbersDoNotOverflow) {
  for (const Json& huge : {Json(INT64_MAX), Json(UINT64_MAX), Json(1e300), Json(INT64_MIN)}) {
    for (const char* place :
         {"/rank", "/alpha", "/token_shape/0", "/token_shape/1", "/blocks/0/count",
          "/blocks/0/modules/0/in", "/blocks/0/modules/0/out", "/blocks/0/modules/0/chunks_a"}) {
      EXPECT_DND_ERROR(layout_from_json(nano_with(place, huge), "x"), ErrorKind::data,
                       "expected an integer");
    }
  }
  constexpr std::int64_t kMost = 1 << 28;
  expect_refused(nano_with("/blocks/0/modules/0", module(kMost, kMost)),
                 "more than 1048576 tokens");
  expect_refused(nano_with("/blocks/0/count", 65536), "more than 1048576 tokens");
  expect_refused(nano_with("/token_shape", {kMost, kMost}),
                 "tokens of [70, 268435456, 268435456] hold more than 1099511627776 values");
}

// A small file can ask for a million long names.
TEST(AdapterLayout, NamesFitAnAdaptersHeader) {
  Json json = nano_with("/key_prefix", std::string(60'000, 'p'));
  json["blocks"] = {{{"prefix", "b{i}"}, {"count", 1000}, {"modules", modules({module(1, 1)})}}};
  expect_refused(json, "the names of the adapter's tensors take more than 100000000 bytes");
}

TEST(AdapterLayout, FilesAreNamed) {
  EXPECT_DND_ERROR(read_layout_file("/nowhere/x.json"), ErrorKind::no_input, "/nowhere/x.json");
  const auto path = data_path("decoder/plain-k3/config.json");
  EXPECT_DND_ERROR(read_layout_file(path), ErrorKind::data,
                   "layout: " + path.string() + ": key 'f");
}

}  // namespace
}  // namespace dnd::adapter
