#include "target/base_model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/json.h"
#include "base/strings.h"
#include "support/expect_error.h"
#include "support/sparse_safetensors.h"
#include "support/target_tables.h"
#include "support/temp_dir.h"

namespace dnd::target {
namespace {

namespace fs = std::filesystem;
using testing::data_path;
using testing::TableRow;
using testing::TempDir;
using testing::write_sparse;

using Shapes = std::map<std::string, std::pair<std::int64_t, std::int64_t>>;  // path -> (in, out)

Shapes shapes_of(const std::vector<Linear>& linears) {
  Shapes shapes;
  for (const Linear& linear : linears) {
    EXPECT_TRUE(shapes.emplace(linear.path, std::pair(linear.in, linear.out)).second)
        << linear.path;
  }
  return shapes;
}

Shapes shapes_of(const std::vector<TableRow>& table) {
  Shapes shapes;
  for (const TableRow& row : testing::expand(table)) {
    if (!row.module.ends_with("lm_head")) shapes[row.module] = {row.in, row.out};
  }
  return shapes;
}

std::vector<std::string> paths_of(const std::vector<Linear>& linears) {
  std::vector<std::string> paths;
  for (const Linear& linear : linears) paths.push_back(linear.path);
  return paths;
}

struct TargetFile {
  std::string target;
  std::string variant;  // "", ".original", ".nested"
};

// Every linears*.tsv of tests/data/targets.
std::vector<TargetFile> target_files() {
  std::vector<TargetFile> files;
  for (const auto& folder : fs::directory_iterator(data_path("targets"))) {
    for (const char* variant : {"", ".original", ".nested"}) {
      if (fs::exists(folder.path() / cat("linears", variant, ".tsv"))) {
        files.push_back({folder.path().filename().string(), variant});
      }
    }
  }
  return files;
}

class Targets : public ::testing::TestWithParam<TargetFile> {};

TEST_P(Targets, AllLinearLayersAreInTheHeader) {
  const auto table = testing::read_target(GetParam().target, GetParam().variant);
  const TempDir dir;
  const fs::path file = write_sparse(dir / "model.safetensors", testing::whole_model(table));
  const BaseModel base = read_base_model(file);
  EXPECT_EQ(shapes_of(base.linears), shapes_of(table));
  EXPECT_TRUE(base.experts.empty());
  EXPECT_EQ(base.source, file.string());
  EXPECT_EQ(base.quantization, "");
}

std::string plain_name(const std::string& name) {
  std::string plain;
  for (const char c : name) plain += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  return plain;
}

INSTANTIATE_TEST_SUITE_P(BaseModel, Targets, ::testing::ValuesIn(target_files()),
                         [](const auto& file) {
                           return plain_name(file.param.target + file.param.variant);
                         });

TEST(BaseModel, ThereAreTwentyFourTargets) { EXPECT_EQ(target_files().size(), 24U + 5U + 4U); }

class PublishedConfigs : public ::testing::TestWithParam<std::string> {};

TEST_P(PublishedConfigs, SayTheSame) {
  const fs::path folder = data_path("targets") / GetParam();
  const auto table = testing::read_target(GetParam(), "");
  const BaseModel from_config = read_base_model(folder);
  EXPECT_EQ(shapes_of(from_config.linears), shapes_of(table));
  // The weights of the same model give the same list in the same order.
  const TempDir dir;
  fs::copy(folder / "config.json", dir / "config.json");
  const auto head = [](const auto& row) { return row.module == "lm_head"; };
  auto stored = table;
  if (*from_config.tied_embeddings) stored.erase(std::find_if(stored.begin(), stored.end(), head));
  write_sparse(dir / "model.safetensors", testing::whole_model(stored));
  const BaseModel from_weights = read_base_model(dir.path());
  EXPECT_EQ(paths_of(from_weights.linears), paths_of(from_config.linears));
  EXPECT_EQ(from_weights.architecture, from_config.architecture);
  EXPECT_EQ(from_weights.heads->attention, from_config.heads->attention);
  EXPECT_EQ(from_weights.heads->key_value, from_config.heads->key_value);
  EXPECT_EQ(from_weights.tied_embeddings, from_config.tied_embeddings);
}

std::vector<std::string> published_configs() {
  std::vector<std::string> names;
  for (const auto& folder : fs::directory_iterator(data_path("targets"))) {
    if (fs::exists(folder.path() / "config.json")) names.push_back(folder.path().filename());
  }
  return names;
}

INSTANTIATE_TEST_SUITE_P(BaseModel, PublishedConfigs, ::testing::ValuesIn(published_configs()),
                         [](const auto& name) { return plain_name(name.param); });

// Tiny models of transformers, as save_pretrained() writes them.
class SavedModels : public ::testing::TestWithParam<std::string> {
 protected:
  static std::vector<formats::TensorSpec> tensors() {
    std::istringstream rows(
        read_text_file(data_path("architectures") / GetParam() / "tensors.tsv", 1U << 20U));
    std::vector<formats::TensorSpec> specs;
    std::string name;
    std::string dtype;
    for (std::string shape; rows >> name >> dtype >> shape;) {
      formats::TensorSpec spec{name, *dtype_from_name(dtype), {}};
      for (const auto size : split(shape, ',')) spec.shape.push_back(std::stoll(std::string(size)));
      specs.push_back(std::move(spec));
    }
    return specs;
  }
};

TEST_P(SavedModels, ConfigAndWeightsAgree) {
  const TempDir dir;
  fs::copy(data_path("architectures") / GetParam() / "config.json", dir / "config.json");
  const BaseModel config = read_base_model(dir / "config.json");
  write_sparse(dir / "model.safetensors", tensors());
  const BaseModel weights = read_base_model(dir.path());
  EXPECT_EQ(shapes_of(config.linears), shapes_of(weights.linears));
  EXPECT_EQ(shapes_of(config.experts), shapes_of(weights.experts));
  EXPECT_EQ(config.architecture, GetParam() + "ForCausalLM");
  EXPECT_EQ(config.linears.empty(), false);
  EXPECT_EQ(config.experts.empty(),
            GetParam().find("Moe") == std::string::npos && GetParam() != "Mixtral");
  // Without the config, the missing output head tells that it is tied.
  fs::remove(dir / "config.json");
  const BaseModel alone = read_base_model(dir / "model.safetensors");
  EXPECT_EQ(alone.tied_embeddings, config.tied_embeddings);
  EXPECT_EQ(alone.architecture, "");
}

INSTANTIATE_TEST_SUITE_P(BaseModel, SavedModels,
                         ::testing::Values("Llama", "Mistral", "Qwen2", "Qwen3", "Gemma", "Gemma2",
                                           "Gemma3", "Phi3", "SmolLM3", "Mixtral", "Qwen2Moe",
                                           "Qwen3Moe"),
                         [](const auto& name) { return name.param; });

TEST(BaseModel, BlocksComeInNumericalOrderAndModulesInTheReleasedOne) {
  const TempDir dir;
  const auto table = testing::read_target("qwen2.5-vl-3b-instruct", "");
  const auto paths = paths_of(
      read_base_model(write_sparse(dir / "m.safetensors", testing::whole_model(table))).linears);
  std::vector<std::string> expected;
  for (int i = 0; i < 36; ++i) {
    for (const char* name : {"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj",
                             "self_attn.o_proj", "mlp.up_proj", "mlp.gate_proj", "mlp.down_proj"}) {
      expected.push_back(cat("model.layers.", i, ".", name));
    }
  }
  for (int i = 0; i < 32; ++i) {
    for (const char* name :
         {"attn.qkv", "attn.proj", "mlp.up_proj", "mlp.gate_proj", "mlp.down_proj"}) {
      expected.push_back(cat("visual.blocks.", i, ".", name));
    }
  }
  expected.insert(expected.end(), {"visual.merger.mlp.0", "visual.merger.mlp.2"});
  EXPECT_EQ(paths, expected);
}

TEST(BaseModel, SingleBlocksFollowTheDoubleOnes) {
  const TempDir dir;
  const auto table = testing::read_target("flux.1-dev", "");
  const auto base =
      read_base_model(write_sparse(dir / "m.safetensors", testing::whole_model(table)));
  const auto paths = paths_of(base.linears);
  EXPECT_EQ(paths.front(), "transformer_blocks.0.attn.add_k_proj");
  EXPECT_EQ(paths[19 * 14].substr(0, 29), "single_transformer_blocks.0.a");
  EXPECT_EQ(paths[19 * 14 + 38 * 6], "context_embedder");
  EXPECT_EQ(base.architecture, "FluxTransformer2DModel");
  EXPECT_FALSE(base.heads);
}

TEST(BaseModel, KnowsDiffusionModelsByTheirBlocks) {
  const TempDir dir;
  for (const auto& [target, architecture] :
       {std::pair("hunyuanvideo", "HunyuanVideoTransformer3DModel"),
        std::pair("wan2.1-t2v-1.3b", "WanTransformer3DModel"),
        std::pair("cogvideox-5b", "CogVideoXTransformer3DModel"),
        std::pair("omnigen2-transformer", "OmniGen2Transformer2DModel"),
        std::pair("lino-unips", "")}) {
    const auto table = testing::read_target(target, "");
    const auto file = write_sparse(dir / "m.safetensors", testing::whole_model(table));
    EXPECT_EQ(read_base_model(file).architecture, architecture) << target;
  }
}

TEST(BaseModel, ReadsTheVisionPartOfQwen2Vl) {
  const TempDir dir;
  const Json config = {
      {"architectures", {"Qwen2VLForConditionalGeneration"}},
      {"hidden_size", 3584},
      {"intermediate_size", 18944},
      {"num_hidden_layers", 28},
      {"num_attention_heads", 28},
      {"num_key_value_heads", 4},
      {"vision_config",
       {{"depth", 32}, {"embed_dim", 1280}, {"hidden_size", 3584}, {"mlp_ratio", 4}}}};
  const BaseModel base = read_base_model(dir.file("config.json", json_line(config)));
  EXPECT_EQ(shapes_of(base.linears), shapes_of(testing::read_target("qwen2-vl-7b-instruct", "")));
}

TEST(BaseModel, ReadsGemma3WithItsVisionTower) {
  // A published config leaves the class's own defaults out: 8 and 4 heads of 256.
  const Json config = {
      {"architectures", {"Gemma3ForConditionalGeneration"}},
      {"text_config",
       {{"hidden_size", 2560}, {"intermediate_size", 10240}, {"num_hidden_layers", 34}}},
      {"vision_config",
       {{"hidden_size", 1152}, {"intermediate_size", 4304}, {"num_hidden_layers", 27}}}};
  const TempDir dir;
  const BaseModel base = read_base_model(dir.file("config.json", json_line(config)));
  EXPECT_EQ(base.linears.size(), 34U * 7 + 27U * 6);
  const Linear* key = find_linear(base, "model.language_model.layers.33.self_attn.k_proj");
  ASSERT_NE(key, nullptr);
  EXPECT_EQ(key->path, "language_model.model.layers.33.self_attn.k_proj");
  EXPECT_EQ(key->out, 1024);
  EXPECT_EQ(*base.tied_embeddings, true);
  EXPECT_EQ(base.heads->key_value, 4);
}

TEST(BaseModel, ReadsARealCheckpoint) {
  const BaseModel base = read_base_model(data_path("interop/llama/base"));
  EXPECT_EQ(base.linears.size(), 14U);
  EXPECT_EQ(base.architecture, "LlamaForCausalLM");
  EXPECT_EQ(base.heads->attention, 4);
  EXPECT_EQ(*base.tied_embeddings, false);
  EXPECT_EQ(*read_base_model(data_path("interop/qwen2/base")).tied_embeddings, true);
  EXPECT_EQ(shapes_of(read_base_model(data_path("interop/llama/base/config.json")).linears),
            shapes_of(base.linears));
}

TEST(BaseModel, FindsTheTransformerOfAPipeline) {
  const TempDir dir;
  dir.file("model_index.json", "{}");
  fs::create_directories(dir / "transformer");
  dir.file("transformer/config.json",
           R"({"_class_name": "WanTransformer3DModel", "num_attention_heads": 12})");
  write_sparse(dir / "transformer/diffusion_pytorch_model.safetensors",
               {{"blocks.0.attn1.to_q.weight", Dtype::f16, {8, 4}}});
  const BaseModel base = read_base_model(dir.path());
  EXPECT_EQ(base.architecture, "WanTransformer3DModel");
  EXPECT_FALSE(base.heads);
  EXPECT_EQ(paths_of(base.linears), std::vector<std::string>{"blocks.0.attn1.to_q"});
}

TEST(BaseModel, TellsQuantisedWeights) {
  const std::string path = "model.layers.0.self_attn.q_proj";
  const auto read = [&](std::vector<formats::TensorSpec> specs) {
    const TempDir dir;
    return read_base_model(write_sparse(dir / "m.safetensors", std::move(specs)));
  };
  const BaseModel fp8 = read({{path + ".weight", Dtype::f8_e4m3, {8, 4}},
                              {path + ".weight_scale_inv", Dtype::f32, {1, 1}}});
  EXPECT_EQ(fp8.quantization, "fp8");
  EXPECT_EQ(fp8.linears.size(), 1U);
  EXPECT_EQ(read({{path + ".weight", Dtype::f8_e4m3, {8, 4}}}).quantization, "fp8");
  const BaseModel int8 =
      read({{path + ".weight", Dtype::i8, {8, 4}}, {path + ".SCB", Dtype::f32, {8}}});
  EXPECT_EQ(int8.quantization, "bitsandbytes");
  EXPECT_EQ(int8.linears[0].in, 4);
  for (const auto& [specs, method] :
       std::vector<std::pair<std::vector<formats::TensorSpec>, const char*>>{
           {{{path + ".qweight", Dtype::i32, {1, 8}}, {path + ".g_idx", Dtype::i32, {4}}}, "gptq"},
           {{{path + ".qweight", Dtype::i32, {4, 1}}, {path + ".scales", Dtype::f16, {1, 8}}},
            "awq"},
           {{{path + ".weight", Dtype::u8, {16, 1}}, {path + ".weight.absmax", Dtype::f32, {1}}},
            "bitsandbytes"},
           {{{path + ".weight_packed", Dtype::i32, {8, 1}}}, "compressed-tensors"},
           {{{path + ".weight", Dtype::u32, {8, 1}}, {path + ".scales", Dtype::f16, {8, 1}}},
            "mlx"}}) {
    EXPECT_DND_ERROR(read(specs), ErrorKind::data,
                     cat("'", path, "' is packed (", method,
                         "), so its header does not tell its shape; put the model's config.json"));
  }
}

TEST(BaseModel, TakesThePackedShapesOfTheConfig) {
  const TempDir dir;
  Json config =
      parse_json(read_text_file(data_path("architectures/Llama/config.json"), 1U << 16U), "config");
  config["quantization_config"] = {{"quant_method", "gptq"}, {"bits", 4}};
  dir.file("config.json", json_line(config));
  write_sparse(dir / "model.safetensors",
               {{"model.layers.0.self_attn.q_proj.qweight", Dtype::i32, {3, 24}}});
  const BaseModel base = read_base_model(dir.path());
  EXPECT_EQ(base.linears.size(), 21U);
  EXPECT_EQ(base.quantization, "gptq");
  // Without a method the tensors tell it.
  config["quantization_config"] = {{"bits", 4}};
  dir.file("config.json", json_line(config));
  EXPECT_EQ(read_base_model(dir / "config.json").quantization, "unknown");
  EXPECT_EQ(read_base_model(dir.path()).quantization, "awq");
}

}  // namespace
}  // namespace dnd::target
