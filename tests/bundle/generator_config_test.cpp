#include "bundle/generator_config.h"

#include <gtest/gtest.h>

#include <fstream>
#include <tuple>

#include "support/expect_error.h"
#include "support/golden.h"
#include "support/temp_dir.h"

namespace dnd::bundle {
namespace {

namespace fs = std::filesystem;
using testing::data_path;

// The generator of tests/data/decoder/plain-k3.
Json nano() {
  return {{"format", "dnd-generator"},
          {"version", 1},
          {"name", "nano"},
          {"decoder",
           {{"features", {{4, 12, 8}, {6, 7, 9}, {6, 7, 9}, {70, 6, 14}}},
            {"kernel", 3},
            {"dtype", "F32"}}},
          {"condition",
           {{"encoder", "e"},
            {"kind", "transformer"},
            {"prompts", 4},
            {"max_length", 12},
            {"width", 8},
            {"empty_chunk", "zero"}}},
          {"layout", read_json_file(data_path("decoder/layout.json"), "layout")}};
}

// nano with `value` at the JSON pointer `place`.
Json nano_with(const std::string& place, const Json& value) {
  Json json = nano();
  json[Json::json_pointer(place)] = value;
  return json;
}

void expect_refused(const Json& json, const std::string& message) {
  EXPECT_DND_ERROR(generator_from_json(json, "x"), ErrorKind::data, "x: " + message);
}

void expect_refused(const std::string& place, const Json& value, const std::string& message) {
  expect_refused(nano_with(place, value), message);
}

// A condition of `length` tokens, cut to 12 by a projection.
Json projected(std::int64_t length) {
  Json json = nano_with("/condition/max_length", length);
  json["condition"]["projection"] = {{"from", length}, {"to", 12}};
  return json;
}

TEST(GeneratorConfig, Reads) {
  const GeneratorConfig config = generator_from_json(nano(), "x");
  EXPECT_EQ(config.name, "nano");
  EXPECT_FALSE(config.untrained);
  EXPECT_EQ(config.features, (std::vector<Feature>{{4, 12, 8}, {6, 7, 9}, {6, 7, 9}, {70, 6, 14}}));
  EXPECT_EQ(config.kernel, 3);
  EXPECT_EQ(config.weights_dtype, Dtype::f32);
  EXPECT_EQ(config.condition.encoder, "e");
  EXPECT_EQ(config.condition.kind, EncoderKind::transformer);
  EXPECT_EQ(config.condition.max_length, 12);
  EXPECT_EQ(config.condition.empty_chunk, EmptyChunk::zero);
  EXPECT_EQ(config.layout.token_count(), 70);
  EXPECT_FALSE(config.statistics);
}

TEST(GeneratorConfig, SurvivesJson) {
  EXPECT_EQ(generator_to_json(generator_from_json(nano(), "x")), nano());
  Json full = projected(1024);
  full["untrained"] = true;
  full["decoder"]["dtype"] = "F16";
  full["decoder"]["channel_exponents"] = true;
  full["decoder"]["sha256"] = "abc";
  full["decoder"]["residual"] = true;
  full["condition"]["kind"] = "glove";
  full["condition"]["empty_chunk"] = "uniform";
  full["license"] = "MIT";
  full["provenance"] = {{"a", "b"}, {"source", "c"}};
  full["statistics"] = {{"adapters", 3}, {"update_norms", {{"layers.{i}.q_proj", {0.25, 1.5}}}}};
  const GeneratorConfig config = generator_from_json(full, "x");
  EXPECT_TRUE(config.untrained);
  EXPECT_EQ(config.weights_dtype, Dtype::f16);
  EXPECT_EQ(config.condition.kind, EncoderKind::glove);
  EXPECT_EQ(config.condition.empty_chunk, EmptyChunk::uniform);
  EXPECT_EQ(config.condition.projection->from, 1024);
  EXPECT_EQ(config.provenance.at("source"), "c");
  // Keys come out in an order of their own.
  EXPECT_EQ(nlohmann::json::parse(generator_to_json(config).dump()),
            nlohmann::json::parse(full.dump()));
}

TEST(GeneratorConfig, NullCountsAsAbsent) {
  for (const char* place : {"/condition/projection", "/provenance", "/statistics", "/license"}) {
    EXPECT_EQ(generator_to_json(generator_from_json(nano_with(place, nullptr), "x")), nano());
  }
}

TEST(GeneratorConfig, NamesWhatIsWrong) {
  using Case = std::tuple<const char*, Json, const char*>;
  for (const auto& [place, value, message] : {
           Case("/format", "dnd-preset", "'format' is 'dnd-preset', expected 'dnd-generator'"),
           Case("/version", 2, "'version': expected an integer from 1 to 1, got 2"),
           Case("/untrained", "yes", "'untrained': expected true or false, got string"),
           Case("/decoder", 1, "decoder: expected an object, got number"),
           Case("/decoder/features", 1, "decoder: 'features': expected an array, got number"),
           Case("/decoder/features/1", 1, "decoder: features[1]: 'feature': expected an array"),
           Case("/decoder/features/1/3", 1,
                "decoder: features[1]: 4 numbers, expected 3 (N, H, W)"),
           Case("/decoder/features/1/0", 0, "decoder: features[1]: 'feature': expected an integer"),
           Case("/decoder/features", Json::array(), "0 features, expected 2 to 256"),
           Case("/decoder/features/0/2", 9,
                "the first feature is [4, 12, 9], the condition is [4, 12, 8]"),
           Case("/decoder/features/3/0", 71,
                "the last feature is [71, 6, 14], the layout has tokens [70, 6, 14]"),
           Case("/decoder/kernel", 4, "kernel size 4, expected an odd number up to 63"),
           Case("/decoder/kernel", 65, "decoder: 'kernel': expected an integer from 1 to 63"),
           Case("/decoder/dtype", "BF16", "decoder: 'dtype' is 'BF16', expected F32 or F16"),
           Case("/decoder/channel_exponents", true,
                "decoder: 'channel_exponents' go with F16 weights, these are F32"),
           Case("/decoder/sha256", 1, "decoder: 'sha256': expected a string, got number"),
           Case("/statistics/adapters", 0, "statistics: 'adapters': expected an integer from 1"),
           Case("/statistics", {{"adapters", 1}, {"update_norms", {{"q", {2.0, 1.0}}}}},
                "statistics: update_norms: 'q': expected [low, high] with 0 <= low <= high"),
           Case("/statistics", {{"adapters", 1}, {"update_norms", Json::object()}, {"x", 1}},
                "statistics: unknown key 'x'"),
           Case("/condition/kind", "t5",
                "condition: 'kind' is 't5', expected transformer or glove"),
           Case("/condition/prompts", 5,
                "the first feature is [4, 12, 8], the condition is [5, 12"),
           Case("/condition/prompts", 0, "condition: 'prompts': expected an integer from 1 to"),
           Case("/condition/empty_chunk", "one",
                "condition: 'empty_chunk' is 'one', expected zero or uniform"),
           Case("/condition/projection", 1, "condition: projection: expected an object"),
           Case("/condition/projection", {{"from", 12}}, "condition: projection: key 'to'"),
           Case("/condition/projection", {{"from", 13}, {"to", 12}},
                "the projection takes 13 tokens, max_length is 12"),
           Case("/condition/projection", {{"from", 12}, {"to", 13}},
                "the first feature is [4, 12, 8], the condition is [4, 13, 8]"),
           Case("/layout/rank", 0, "layout: 'rank': expected an integer"),
           Case("/license", 1, "'license': expected a string, got number"),
           Case("/provenance", Json::array(), "provenance: expected an object, got array"),
           Case("/provenance", {{"\x1b[31m", 1}}, "provenance: '\\x1b[31m': expected a string"),
       }) {
    expect_refused(place, value, message);
  }
}

TEST(GeneratorConfig, NamesUnknownAndMissingKeys) {
  expect_refused("/licence", "MIT", "unknown key 'licence' (did you mean 'license'?)");
  expect_refused("/decoder/kernels", 3, "decoder: unknown key 'kernels' (did you mean 'kernel'?)");
  expect_refused("/condition/projektion", 1,
                 "condition: unknown key 'projektion' (did you mean 'projection'?)");
  expect_refused("/condition/projection", {{"from", 12}, {"to", 12}, {"via", 1}},
                 "condition: projection: unknown key 'via'");
  for (const char* key : {"format", "version", "name", "decoder", "condition", "layout"}) {
    Json json = nano();
    json.erase(key);
    expect_refused(json, std::string("key '") + key + "' is missing");
  }
  for (const char* key : {"encoder", "prompts", "max_length", "width"}) {
    Json json = nano();
    json["condition"].erase(key);
    expect_refused(json, std::string("condition: key '") + key + "' is missing");
  }
}

TEST(GeneratorConfig, LongPromptsAreWholeChunks) {
  EXPECT_NO_THROW(generator_from_json(projected(1024), "x"));
  EXPECT_NO_THROW(generator_from_json(projected(500), "x"));
  expect_refused(projected(1000), "max_length 1000 above 512 must be a multiple of it");
  Json words = projected(1000);
  words["condition"]["kind"] = "glove";
  EXPECT_NO_THROW(generator_from_json(words, "x"));
}

TEST(GeneratorConfig, HugeNumbersDoNotOverflow) {
  constexpr std::int64_t kMost = 1 << 24;
  expect_refused("/decoder/features/1", {kMost, kMost, kMost},
                 "more than 1099511627776 decoder parameters");
  expect_refused("/decoder/features/1/1", INT64_MAX, "decoder: features[1]: 'feature'");
  const Json many(std::vector<std::vector<int>>(300, {1, 1, 1}));
  expect_refused("/decoder/features", many, "300 features, expected 2 to 256");
  GeneratorConfig config = generator_from_json(nano(), "x");
  config.features[1].n = INT64_MAX;
  EXPECT_DND_ERROR(check_generator(config, "x"), ErrorKind::data,
                   "x: feature [9223372036854775807, 7, 9], expected sizes from 1 to 16777216");
}

TEST(GeneratorConfig, ParametersAreThoseOfTheReleasedModule) {
  const Json expected = read_json_file(data_path("torch_checkpoint/plain-k3.json"), "expected");
  std::map<std::string, std::vector<std::int64_t>> shapes;
  for (const Json& row : expected) shapes[row[0]] = row[1].get<std::vector<std::int64_t>>();
  shapes.erase("criterion_weight");
  const GeneratorConfig config = generator_from_json(nano(), "x");
  std::map<std::string, std::vector<std::int64_t>> found;
  for (const ParameterSpec& spec : decoder_parameters(config)) found[spec.name] = spec.shape;
  EXPECT_EQ(found, shapes);
}

TEST(GeneratorConfig, MultiplyAddsOfOneLayer) {
  GeneratorConfig config;
  config.kernel = 3;
  config.features = {{2, 3, 5}, {7, 11, 13}};
  // conv1w and conv1h, conv2h and conv2w, linear2: output cells times channels times 9.
  EXPECT_EQ(config.multiply_adds(), 9.0 * (13 * 3 * 2 * 5 + 11 * 2 * 13 * 3 +  //
                                           11 * 2 * 5 * 3 + 13 * 11 * 2 * 5 +  //
                                           7 * 11 * 13 * 2));
}

TEST(ReadBundle, NamesTheFolder) {
  const testing::TempDir dir;
  EXPECT_DND_ERROR(read_bundle(dir / "none"), ErrorKind::no_input, "none: not found");
  EXPECT_DND_ERROR(read_bundle(dir.path()), ErrorKind::no_input, "is not a generator bundle");
  EXPECT_DND_ERROR(read_bundle(dir.file("x.pth", "")), ErrorKind::no_input, "'dnd import'");
  const fs::path path = dir.file(kGeneratorConfigName, "{}");
  EXPECT_DND_ERROR(read_bundle(dir.path()), ErrorKind::data,
                   "bundle: " + path.string() + ": key 'format' is missing");
  std::ofstream(path) << json_pretty(nano());
  EXPECT_EQ(generator_to_json(read_bundle(dir.path())), nano());
}

}  // namespace
}  // namespace dnd::bundle
