#include "merge/merge_plan.h"

#include <gtest/gtest.h>

#include "merge/make_adapter.h"
#include "support/expect_error.h"
#include "support/temp_dir.h"

namespace dnd::merge {
namespace {

namespace fs = std::filesystem;
using testing::random_pair;
using testing::random_tensor;
using testing::RawTensor;
using testing::safetensors_text;
using testing::weighted;

constexpr const char* kQuery = "model.layers.0.self_attn.q_proj";

class Plan : public ::testing::Test {
 protected:
  void base(const std::vector<RawTensor>& tensors, const std::string& config = "{}") {
    dir_.file("model.safetensors", safetensors_text(tensors));
    dir_.file("config.json", config);
  }

  std::vector<MergeTarget> plan(const std::vector<WeightedAdapter>& adapters) const {
    return plan_merge(open_base_weights(dir_.path()), adapters);
  }

  void refuses(const std::vector<WeightedAdapter>& adapters, const std::string& words) const {
    EXPECT_DND_ERROR(plan(adapters), ErrorKind::data, words);
  }

  static RawTensor query() {
    return random_tensor(std::string(kQuery) + ".weight", Dtype::bf16, 6, 4, 1);
  }
  static WeightedAdapter adapter(const std::string& module, double weight = 1.0) {
    return weighted("lora", weight, {random_pair(module, 6, 4, 2, 1)});
  }
  static WeightedAdapter dora(double weight = 1.0) {
    WeightedAdapter out = adapter(kQuery, weight);
    out.adapter.pairs[0].magnitude.resize(6, 1.0F);
    return out;
  }

  testing::TempDir dir_;
};

TEST_F(Plan, ScalesAreTheAdaptersTimesItsWeight) {
  base({query()});
  const std::vector<WeightedAdapter> adapters = {adapter(kQuery), adapter(kQuery, 0.25)};
  const auto targets = plan(adapters);
  ASSERT_EQ(targets.size(), 1U);
  ASSERT_EQ(targets[0].terms.size(), 2U);
  EXPECT_EQ(targets[0].terms[0].scale, 2.0);
  EXPECT_EQ(targets[0].terms[1].scale, 0.5);
}

TEST_F(Plan, ModulesAreFoundUnderTheirAliases) {
  base({query()});
  const std::vector<WeightedAdapter> adapters = {
      adapter("model.language_model.layers.0.self_attn.q_proj")};
  EXPECT_EQ(plan(adapters).size(), 1U);
}

TEST_F(Plan, MissingModulesAreNamed) {
  base({query()});
  refuses({adapter("model.layers.0.self_attn.q_porj")},
          "lora: module 'model.layers.0.self_attn.q_porj': the base");
  refuses({adapter("model.layers.0.self_attn.q_porj")},
          "(there is 'model.layers.0.self_attn.q_proj.weight')");
  refuses({adapter("unet.down")}, "an adapter of another model?");
}

TEST_F(Plan, ShapesMustAgree) {
  base({random_tensor(std::string(kQuery) + ".weight", Dtype::bf16, 4, 6, 1)});
  refuses({adapter(kQuery)}, "shape [4, 6], the adapter needs [6, 4]");
}

TEST_F(Plan, TypesMustBeFloats) {
  const std::string name = std::string(kQuery) + ".weight";
  base({{name, Dtype::f8_e4m3, {6, 4}, std::string(24, '\0')}});
  refuses({adapter(kQuery)}, "the base holds fp8 weights, which are not read: tensor");
  base({{name, Dtype::f64, {6, 4}, std::string(192, '\0')}});
  refuses({adapter(kQuery)}, "dtype F64, expected F32, F16 or BF16");
}

TEST_F(Plan, QuantisedBasesAreNamed) {
  for (const char* key : {"quantization_config", "compression_config"}) {
    base({query()}, std::string("{\"") + key + R"(": {"quant_method": "awq"}})");
    refuses({adapter(kQuery)}, "quantised (awq, says config.json)");
  }
  base({query()}, R"({"text_config": {"quantization_config": {"quant_method": "fp8"}}})");
  refuses({adapter(kQuery)}, "quantised (fp8");
  const std::pair<const char*, const char*> parts[] = {{".g_idx", "gptq"},
                                                       {".qweight", "awq"},
                                                       {".weight_packed", "compressed-tensors"},
                                                       {".weight.absmax", "bitsandbytes"},
                                                       {".SCB", "bitsandbytes"},
                                                       {".weight_scale_inv", "fp8"},
                                                       {".weight_scale", "fp8"},
                                                       {".scales", "mlx"}};
  for (const auto& [ending, method] : parts) {
    base({query(), {std::string(kQuery) + ending, Dtype::u8, {1}, "x"}});
    refuses({adapter(kQuery)}, std::string("quantised (") + method);
  }
}

TEST_F(Plan, LayersOfGpt2AreTransposed) {
  const char* config = R"({"model_type": "gpt2"})";
  const WeightedAdapter lora = adapter("transformer.h.0.attn.c_attn");  // in 4, out 6
  const auto weight = [](const std::string& name, std::int64_t rows, std::int64_t columns) {
    return random_tensor(name, Dtype::bf16, rows, columns, 1);
  };
  for (const char* name : {"transformer.h.0.attn.c_attn.weight", "h.0.attn.c_attn.weight"}) {
    base({weight(name, 4, 6)}, config);
    const std::vector<WeightedAdapter> adapters = {lora};
    const auto targets = plan(adapters);
    ASSERT_EQ(targets.size(), 1U);
    EXPECT_TRUE(targets[0].transposed);
  }
  base({weight("h.0.attn.c_attn.weight", 6, 4)}, config);
  refuses({lora}, "shape [6, 4], the adapter needs [4, 6]");
  base({weight(std::string(kQuery) + ".weight", 4, 6)}, config);
  refuses({dora()}, "DoRA of transposed layers");
}

TEST_F(Plan, SharedEmbeddings) {
  const std::string tied = R"({"tie_word_embeddings": true})";
  base({random_tensor("model.embed_tokens.weight", Dtype::f32, 6, 4, 1)}, tied);
  refuses({adapter("lm_head")}, "output head is the embedding");
  refuses({adapter("model.embed_tokens")}, "share one weight");
  base({random_tensor("model.embed_tokens.weight", Dtype::f32, 6, 4, 1)});
  refuses({adapter("lm_head")}, "output head is the embedding");
  base({random_tensor("lm_head.weight", Dtype::f32, 6, 4, 1)});
  const std::vector<WeightedAdapter> adapters = {adapter("lm_head")};
  EXPECT_EQ(plan(adapters).size(), 1U);
}

TEST_F(Plan, DoraStandsAlone) {
  base({query()});
  const std::vector<WeightedAdapter> alone = {dora()};
  EXPECT_EQ(plan(alone).size(), 1U);
  refuses({dora(), adapter(kQuery)}, "their order");
  refuses({adapter(kQuery), dora()}, "their order");
  refuses({dora(0.5)}, "DoRA takes no weight other than 1, got 0.5");
}

class Folder : public ::testing::Test {
 protected:
  void refuses(ErrorKind kind, const std::string& words) const {
    EXPECT_DND_ERROR(open_base_weights(dir_.path()), kind, words);
  }
  void index(const std::string& map) {
    dir_.file("model.safetensors.index.json", "{\"weight_map\": " + map + "}");
  }

  testing::TempDir dir_;
};

TEST_F(Folder, WithoutABase) {
  refuses(ErrorKind::no_input, "expected model.safetensors, model.safetensors.index.json or");
  EXPECT_DND_ERROR(open_base_weights(dir_ / "none"), ErrorKind::no_input, "none");
  dir_.file("adapter_config.json", "{}");
  refuses(ErrorKind::no_input, "this is an adapter");
  fs::remove(dir_ / "adapter_config.json");
  dir_.file("pytorch_model.bin", "x");
  refuses(ErrorKind::no_input, "pickles are not");
}

TEST_F(Folder, OtherNamesOfTheWeights) {
  dir_.file("diffusion_pytorch_model.safetensors",
            safetensors_text({random_tensor("w", Dtype::f32, 1, 1, 1)}));
  EXPECT_EQ(open_base_weights(dir_.path()).entry, "diffusion_pytorch_model.safetensors");
}

TEST_F(Folder, IndexesThatLie) {
  const std::string shard = "model-00001-of-00001.safetensors";
  dir_.file(shard, safetensors_text({random_tensor("w", Dtype::f32, 1, 1, 1)}));
  index(R"({"v": ")" + shard + "\"}");
  refuses(ErrorKind::data, "tensor 'v' should be in " + shard);
  index("[]");
  refuses(ErrorKind::data, "weight_map: expected an object");
  index(R"({"w": "gone.safetensors"})");
  refuses(ErrorKind::no_input, "gone.safetensors");
}

TEST_F(Folder, OneTensorInTwoShards) {
  for (const char* name : {"a.safetensors", "b.safetensors"}) {
    dir_.file(name, safetensors_text({random_tensor("w", Dtype::f32, 1, 1, 1),
                                      random_tensor(name, Dtype::f32, 1, 1, 1)}));
  }
  index(R"({"w": "a.safetensors", "b.safetensors": "b.safetensors"})");
  refuses(ErrorKind::data, "'w' is in a.safetensors and in b.safetensors");
}

TEST_F(Folder, NumberedShardsWithoutAnIndex) {
  dir_.file("model-00002-of-00002.safetensors",
            safetensors_text({random_tensor("v", Dtype::f32, 1, 1, 1)}));
  refuses(ErrorKind::no_input, "shard 1 of 2 is missing");
  dir_.file("model-00001-of-00002.safetensors",
            safetensors_text({random_tensor("w", Dtype::f32, 1, 1, 1)}));
  const BaseWeights base = open_base_weights(dir_.path());
  EXPECT_EQ(base.entry, "model-00001-of-00002.safetensors");
  ASSERT_EQ(base.files.size(), 2U);
  EXPECT_EQ(base.files[1].weights.at(0).name, "v");
}

TEST_F(Folder, HeadsOfTheConfig) {
  dir_.file("model.safetensors", safetensors_text({random_tensor("w", Dtype::f32, 1, 1, 1)}));
  dir_.file("config.json",
            R"({"text_config": {"num_attention_heads": 8, "num_key_value_heads": 2}})");
  const BaseWeights base = open_base_weights(dir_.path());
  ASSERT_TRUE(base.heads);
  EXPECT_EQ(base.heads->attention, 8);
  EXPECT_EQ(base.heads->key_value, 2);
}

}  // namespace
}  // namespace dnd::merge
