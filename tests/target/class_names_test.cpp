#include "target/class_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dnd::target {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> paths(const BaseModel& base) {
  std::vector<std::string> names;
  for (const ClassModule& module : class_modules(base)) names.push_back(module.path);
  return names;
}

BaseModel base_of(const std::string& architecture, const std::vector<std::string>& names) {
  BaseModel base;
  base.architecture = architecture;
  for (const std::string& name : names) base.linears.push_back({name, 8, 8});
  base.head = Linear{"lm_head", 8, 20};
  return base;
}

TEST(ClassNames, VisionLanguageModelsKeepEarlierNamesInTheirFiles) {
  EXPECT_EQ(class_path("Qwen2_5_VLForConditionalGeneration", "model.layers.0.mlp.up_proj"),
            "model.language_model.layers.0.mlp.up_proj");
  EXPECT_EQ(class_path("Qwen2_5_VLForConditionalGeneration", "visual.merger.mlp.0"),
            "model.visual.merger.mlp.0");
  EXPECT_EQ(
      class_path("Gemma3ForConditionalGeneration", "language_model.model.layers.0.mlp.up_proj"),
      "model.language_model.layers.0.mlp.up_proj");
  EXPECT_EQ(class_path("Gemma3ForConditionalGeneration", "language_model.lm_head"), "lm_head");
  EXPECT_EQ(class_path("Qwen2ForCausalLM", "model.language_model.layers.0.mlp.up_proj"),
            "model.language_model.layers.0.mlp.up_proj");
}

TEST(ClassNames, TransformersBefore) {
  const auto path = [](const char* architecture, const char* stored) {
    return class_path(architecture, stored, Transformers::v4_57);
  };
  EXPECT_EQ(path("Qwen2_5_VLForConditionalGeneration", "model.layers.0.mlp.up_proj"),
            "model.language_model.layers.0.mlp.up_proj");
  EXPECT_EQ(path("Gemma3ForConditionalGeneration", "vision_tower.vision_model.encoder"),
            "model.vision_tower.vision_model.encoder");
  EXPECT_EQ(path("MixtralForCausalLM", "model.layers.0.block_sparse_moe.gate"),
            "model.layers.0.block_sparse_moe.gate");
  EXPECT_EQ(path("GPTNeoXForCausalLM", "embed_out"), "embed_out");
  EXPECT_EQ(fused_experts("MixtralForCausalLM", Transformers::v4_57).gate, "");
  EXPECT_EQ(fused_experts("MixtralForCausalLM").gate, "w1");
}

TEST(ClassNames, APrefixThatTheCheckpointLacks) {
  EXPECT_THAT(paths(base_of("GPT2LMHeadModel", {"h.0.attn.c_attn"})),
              ElementsAre("transformer.h.0.attn.c_attn", "lm_head"));
  EXPECT_THAT(paths(base_of("GPT2LMHeadModel", {"transformer.h.0.attn.c_attn"})),
              ElementsAre("transformer.h.0.attn.c_attn", "lm_head"));
  EXPECT_THAT(paths(base_of("Qwen3ForCausalLM", {"layers.0.mlp.up_proj"})),
              ElementsAre("model.layers.0.mlp.up_proj", "lm_head"));
  EXPECT_THAT(paths(base_of("FluxTransformer2DModel", {"transformer_blocks.0.attn.to_q"})),
              ElementsAre("transformer_blocks.0.attn.to_q"));
}

TEST(ClassNames, ABareClassHasNeitherPrefixNorHead) {
  EXPECT_THAT(paths(base_of("BertModel", {"bert.encoder.layer.0.output.dense"})),
              ElementsAre("encoder.layer.0.output.dense"));
  EXPECT_TRUE(is_bare_class("Qwen2Model"));
  EXPECT_FALSE(is_bare_class("GPT2LMHeadModel"));
}

}  // namespace
}  // namespace dnd::target
