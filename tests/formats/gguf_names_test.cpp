#include "formats/gguf_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace dnd::formats {
namespace {

using ::testing::Contains;

using Text = std::optional<std::string>;

// conversion/ of llama.cpp: the classes each of its models is registered for.
TEST(GgufNames, KnowsTheArchitectures) {
  const std::map<std::string, std::string> expected = {
      {"LlamaForCausalLM", "llama"},
      {"MistralForCausalLM", "llama"},
      {"MixtralForCausalLM", "llama"},
      {"Mistral3ForConditionalGeneration", "mistral3"},
      {"Ministral3ForCausalLM", "mistral3"},
      {"Qwen2ForCausalLM", "qwen2"},
      {"Qwen2VLForConditionalGeneration", "qwen2vl"},
      {"Qwen2_5_VLForConditionalGeneration", "qwen2vl"},
      {"Qwen3ForCausalLM", "qwen3"},
      {"Qwen3VLForConditionalGeneration", "qwen3vl"},
      {"GemmaForCausalLM", "gemma"},
      {"Gemma2ForCausalLM", "gemma2"},
      {"Gemma3ForCausalLM", "gemma3"},
      {"Gemma3ForConditionalGeneration", "gemma3"},
      {"Phi3ForCausalLM", "phi3"},
      {"SmolLM3ForCausalLM", "smollm3"}};
  for (const auto& [architecture, gguf] : expected) {
    EXPECT_EQ(gguf_architecture(architecture), Text(gguf)) << architecture;
    EXPECT_THAT(gguf_supported_architectures(), Contains(architecture));
  }
  EXPECT_EQ(gguf_supported_architectures().size(), expected.size());
  for (const char* other : {"", "llama", "Qwen3_5ForCausalLM", "FluxTransformer2DModel"}) {
    EXPECT_EQ(gguf_architecture(other), std::nullopt) << other;
  }
}

// gguf-py 0.19: get_tensor_name_map(architecture, 4).get_name(...), the same for all of these.
TEST(GgufNames, NamesLinearLayersBothWays) {
  const std::map<std::string, std::string> expected = {
      {"self_attn.q_proj", "attn_q"}, {"self_attn.k_proj", "attn_k"},
      {"self_attn.v_proj", "attn_v"}, {"self_attn.o_proj", "attn_output"},
      {"mlp.gate_proj", "ffn_gate"},  {"mlp.up_proj", "ffn_up"},
      {"mlp.down_proj", "ffn_down"}};
  for (const char* architecture : {"llama", "mistral3", "qwen2", "qwen2vl", "qwen3", "qwen3vl",
                                   "gemma", "gemma2", "gemma3", "smollm3"}) {
    for (const auto& [module, gguf] : expected) {
      const std::string name = "blk.31." + gguf;
      EXPECT_EQ(gguf_tensor_name(architecture, "model.layers.31." + module), Text(name));
      EXPECT_EQ(module_of_gguf_tensor(architecture, name), Text("model.layers.31." + module));
    }
  }
}

TEST(GgufNames, NamesPhi3sFusedLayers) {
  const std::map<std::string, std::string> expected = {{"self_attn.qkv_proj", "attn_qkv"},
                                                       {"self_attn.o_proj", "attn_output"},
                                                       {"mlp.gate_up_proj", "ffn_up"},
                                                       {"mlp.down_proj", "ffn_down"}};
  for (const auto& [module, gguf] : expected) {
    EXPECT_EQ(gguf_tensor_name("phi3", "model.layers.0." + module), Text("blk.0." + gguf));
    EXPECT_EQ(module_of_gguf_tensor("phi3", "blk.0." + gguf), Text("model.layers.0." + module));
  }
  EXPECT_EQ(gguf_tensor_name("phi3", "model.layers.0.mlp.gate_proj"), std::nullopt);
  EXPECT_EQ(gguf_tensor_name("llama", "model.layers.0.self_attn.qkv_proj"), std::nullopt);
  EXPECT_EQ(module_of_gguf_tensor("phi3", "blk.0.attn_q"), std::nullopt);
}

TEST(GgufNames, TakesEveryPrefixOfALanguageModel) {
  for (const char* prefix :
       {"model.layers.", "model.language_model.layers.", "language_model.model.layers."}) {
    EXPECT_EQ(gguf_tensor_name("qwen2vl", std::string(prefix) + "7.mlp.up_proj"),
              Text("blk.7.ffn_up"))
        << prefix;
  }
}

TEST(GgufNames, HasNoNameForTheRest) {
  for (const char* module :
       {"", "lm_head", "model.embed_tokens", "model.layers.", "model.layers.0", "model.layers.0.",
        "model.layers.x.mlp.up_proj", "model.layers.-1.mlp.up_proj", "model.layers.01.mlp.up_proj",
        "model.layers..mlp.up_proj", "layers.0.mlp.up_proj", "model.visual.blocks.0.attn.qkv",
        "model.layers.0.block_sparse_moe.experts.0.w1", "model.layers.0.self_attn.q_norm",
        "model.layers.0.mlp.up_proj.weight", "vision_tower.model.layers.0.self_attn.q_proj",
        "single_transformer_blocks.0.attn.to_q"}) {
    EXPECT_EQ(gguf_tensor_name("llama", module), std::nullopt) << module;
  }
  for (const char* tensor : {"", "token_embd", "output", "blk.", "blk.0", "blk.00.attn_q",
                             "blk.0.attn_q.weight", "blk.0.ffn_up_exps", "v.blk.0.attn_q"}) {
    EXPECT_EQ(module_of_gguf_tensor("llama", tensor), std::nullopt) << tensor;
  }
  EXPECT_EQ(gguf_tensor_name("qwen35", "model.layers.0.mlp.up_proj"), std::nullopt);
  EXPECT_EQ(module_of_gguf_tensor("qwen35", "blk.0.ffn_up"), std::nullopt);
}

TEST(GgufNames, RowsOfQueriesAndKeysArePermutedInLlamaAndItsKin) {
  const AttentionHeads heads{.attention = 32, .key_value = 8};
  for (const char* architecture : {"llama", "mistral3", "smollm3"}) {
    EXPECT_EQ(permuted_heads(architecture, "model.layers.3.self_attn.q_proj", heads), 32);
    EXPECT_EQ(permuted_heads(architecture, "model.layers.3.self_attn.k_proj", heads), 8);
    EXPECT_EQ(permuted_heads(architecture, "language_model.model.layers.3.self_attn.k_proj", heads),
              8);
    for (const char* module : {"self_attn.v_proj", "self_attn.o_proj", "mlp.up_proj"}) {
      EXPECT_EQ(permuted_heads(architecture, std::string("model.layers.3.") + module, heads), 0);
    }
    EXPECT_TRUE(has_permuted_rows(architecture, "model.layers.3.self_attn.q_proj"));
    EXPECT_FALSE(has_permuted_rows(architecture, "model.layers.3.self_attn.v_proj"));
  }
  for (const char* architecture : {"qwen2", "qwen2vl", "qwen3", "gemma3", "phi3"}) {
    EXPECT_EQ(permuted_heads(architecture, "model.layers.3.self_attn.q_proj", heads), 0);
    EXPECT_FALSE(has_permuted_rows(architecture, "model.layers.3.self_attn.q_proj"));
  }
}

}  // namespace
}  // namespace dnd::formats
