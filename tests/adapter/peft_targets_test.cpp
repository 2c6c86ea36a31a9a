#include "adapter/peft_targets.h"

#include <gtest/gtest.h>

#include "support/expect_error.h"

namespace dnd::adapter {
namespace {

PeftTargets targets_of(const char* text) {
  const Json json = Json::parse(text);
  JsonObject object(json, "config");
  return peft_targets_from_json(object);
}

constexpr const char* kTargetPath = "model.layers.1.self_attn.q_proj";

bool takes(const char* text, const char* path = kTargetPath) {
  return targets_of(text).take(path, false);
}

TEST(PeftTargets, NamesAreEndsOfPaths) {
  EXPECT_TRUE(takes(R"({"target_modules": ["q_proj"]})"));
  EXPECT_TRUE(takes(R"({"target_modules": ["self_attn.q_proj"]})"));
  EXPECT_FALSE(takes(R"({"target_modules": ["proj"]})"));
  EXPECT_TRUE(takes(R"({"target_modules": ["model.layers.1.self_attn.q_proj"]})"));
  EXPECT_FALSE(takes(R"({"target_modules": ["q_proj"], "exclude_modules": ["self_attn.q_proj"]})"));
  EXPECT_FALSE(takes(R"({"target_modules": ["q_proj"], "exclude_modules": ".*layers.1.*"})"));
}

TEST(PeftTargets, ExpressionsMatchWholePaths) {
  EXPECT_TRUE(takes(R"x({"target_modules": ".*\\.(q_proj|v_proj)"})x"));
  EXPECT_FALSE(takes(R"x({"target_modules": "(q_proj|v_proj)"})x"));
  EXPECT_FALSE(takes(R"x({"target_modules": "^(?!.*layers).*q_proj$"})x"));
  EXPECT_TRUE(takes(R"x({"target_modules": "model\\.layers\\.[\\d]{1,}\\..*q_proj"})x"));
}

TEST(PeftTargets, WhatIsNotUnderstoodTakesEverything) {
  for (const char* text :
       {R"({})", R"x({"target_modules": "(?x) .* q_proj"})x",
        R"x({"target_modules": "(a)(?(1)b|c)"})x", R"({"target_modules": null})"}) {
    EXPECT_FALSE(targets_of(text).are_known()) << text;
    EXPECT_TRUE(takes(text)) << text;
  }
}

TEST(PeftTargets, AllLinearLeavesTheHeadOut) {
  const PeftTargets all = targets_of(R"({"target_modules": "All-Linear"})");
  EXPECT_TRUE(all.take(kTargetPath, false));
  EXPECT_FALSE(all.take("lm_head", true));
}

TEST(PeftTargets, ExpressionsArePythons) {
  EXPECT_TRUE(takes(R"x({"target_modules": "\\A.*q_proj\\Z"})x"));
  EXPECT_FALSE(takes(R"x({"target_modules": "\\A.*k_proj\\Z"})x"));
  EXPECT_TRUE(takes(R"x({"target_modules": ".*(?<=\\.)q_proj"})x"));
  EXPECT_FALSE(takes(R"x({"target_modules": ".*(?<=k\\.)q_proj"})x"));
  EXPECT_FALSE(takes(R"x({"target_modules": ".*+q_proj"})x"));
  EXPECT_FALSE(takes(R"x({"target_modules": ["q_proj"], "exclude_modules": ".*(?<=\\.)q_proj"})x"));
}

TEST(PeftTargets, WhatIsNoExpressionOfPythons) {
  for (const char* text :
       {R"x({"target_modules": ".*(q_proj"})x", R"x({"target_modules": "*q_proj"})x",
        R"x({"target_modules": ".*q_proj\\y"})x"}) {
    EXPECT_EQ(targets_of(text).contradiction, "target_modules is no regular expression of Python's")
        << text;
  }
  EXPECT_EQ(targets_of(R"x({"target_modules": ["q"], "exclude_modules": "(x"})x").contradiction,
            "exclude_modules is no regular expression of Python's");
}

TEST(PeftTargets, WhatStopsTheLayers) {
  const auto why = [](const char* text) { return targets_of(text).contradiction; };
  EXPECT_EQ(why(R"({"bias": "some"})"), "bias 'some' is none of PEFT's");
  EXPECT_EQ(why(R"({"bias": null})"), "bias 'null' is none of PEFT's");
  EXPECT_EQ(why(R"({"init_lora_weights": "foo"})"), "init_lora_weights 'foo' is none of PEFT's");
  EXPECT_EQ(why(R"({"lora_dropout": 7})"), "lora_dropout is more than 1");
  EXPECT_EQ(why(R"({"task_type": ""})"), "task_type '' is none of PEFT's");
  EXPECT_EQ(why(R"({"init_lora_weights": "orthogonal", "r": 3})"),
            "init_lora_weights 'orthogonal' needs an even rank");
  EXPECT_EQ(why(R"({"init_lora_weights": "orthogonal", "r": 4})"), "");
  for (const char* text :
       {R"({"bias": "all"})", R"({"bias": "lora_only"})", R"({"init_lora_weights": "Gaussian"})",
        R"({"init_lora_weights": false})", R"({"init_lora_weights": null})",
        R"({"lora_dropout": 1.0})", R"({"lora_dropout": -1})"}) {
    EXPECT_EQ(why(text), "") << text;
  }
}

TEST(PeftTargets, WhatIsLoadedWhole) {
  const PeftTargets norms = targets_of(R"({"modules_to_save": ["norm"]})");
  EXPECT_TRUE(norms.is_loaded_whole("model.layers.0.input_layernorm"));
  EXPECT_FALSE(norms.is_saved("model.layers.0.input_layernorm"));
  const PeftTargets part = targets_of(R"({"modules_to_save": ["mlp"]})");
  EXPECT_TRUE(part.is_loaded_whole("model.layers.0.mlp.up_proj"));
  EXPECT_FALSE(part.is_loaded_whole("model.layers.0.mlp_norm"));
  const PeftTargets classifier = targets_of(R"({"task_type": "SEQ_CLS"})");
  EXPECT_TRUE(classifier.is_loaded_whole("score"));
  EXPECT_TRUE(classifier.is_saved("classifier"));
  EXPECT_TRUE(classifier.saved.empty());
  EXPECT_FALSE(targets_of(R"({"task_type": "CAUSAL_LM"})").is_loaded_whole("score"));
}

TEST(PeftTargets, TargetsOfAModelType) {
  EXPECT_EQ(default_targets("qwen2", PeftRelease::v0_21)->names(),
            (std::vector<std::string>{"q_proj", "v_proj"}));
  EXPECT_TRUE(default_targets("gemma4", PeftRelease::v0_21)->is_expression());
  EXPECT_FALSE(default_targets("gemma4", PeftRelease::v0_17));
  EXPECT_FALSE(default_targets("qwen3_moe", PeftRelease::v0_21));
}

TEST(PeftTargets, WhatPeftTakesForNoConfiguration) {
  const auto why = [](const char* text) { return targets_of(text).contradiction; };
  EXPECT_EQ(
      why(R"({"target_modules": ["q_proj"], "layers_to_transform": [1], "layers_pattern": "layers"})"),
      "");
  EXPECT_EQ(why(R"({"target_modules": []})"), "target_modules is empty");
  EXPECT_EQ(why(R"({"target_modules": ""})"), "target_modules is empty");
  EXPECT_EQ(why(R"({"target_modules": "all-linear", "layers_to_transform": [1]})"),
            "layers_to_transform beside target_modules as a text");
  EXPECT_EQ(why(R"({"target_modules": ".*", "layers_pattern": "layers"})"),
            "layers_pattern beside target_modules as a text");
  EXPECT_EQ(why(R"({"target_modules": ["q_proj"], "layers_pattern": "layers"})"),
            "layers_pattern without layers_to_transform");
  EXPECT_EQ(why(R"({"target_modules": ".*", "layers_to_transform": []})"),
            "layers_to_transform beside target_modules as a text");
  EXPECT_EQ(why(R"({})"), "");
}

TEST(PeftTargets, SomeLayers) {
  EXPECT_TRUE(takes(R"({"target_modules": ["q_proj"], "layers_to_transform": 1})"));
  EXPECT_FALSE(takes(R"({"target_modules": ["q_proj"], "layers_to_transform": [0, 2]})"));
  EXPECT_TRUE(takes(R"({"target_modules": ["q_proj"], "layers_to_transform": []})"));
  EXPECT_TRUE(takes(R"({"target_modules": ".*q_proj", "layers_to_transform": [0]})"));
  EXPECT_TRUE(takes(R"({"target_modules": ["q_proj"], "layers_to_transform": [1],
                        "layers_pattern": "layers"})"));
  EXPECT_FALSE(takes(R"({"target_modules": ["q_proj"], "layers_to_transform": [1],
                         "layers_pattern": ["blocks"]})"));
  EXPECT_TRUE(takes(R"x({"target_modules": ["q_proj"], "layers_to_transform": [1],
                        "layers_pattern": "lay\\w+"})x"));
  EXPECT_TRUE(takes(R"x({"target_modules": ["q_proj"], "layers_to_transform": [1],
                        "layers_pattern": "model.(layers|h)"})x"));
  EXPECT_FALSE(takes(R"x({"target_modules": ["q_proj"], "layers_to_transform": [1],
                         "layers_pattern": [""]})x"));
  // The list's name needs a component before it.
  EXPECT_FALSE(takes(R"({"target_modules": ["q"], "layers_to_transform": [1]})", "h.1.q"));
}

// Of several numbers 0.17 takes the last, and wants a component before a list that is named.
TEST(PeftTargets, NumbersOfLayersBefore) {
  const PeftTargets experts = targets_of(R"({"target_modules": ["w1"], "layers_to_transform": 1})");
  constexpr const char* kExpert = "model.layers.1.mlp.experts.0.w1";
  EXPECT_TRUE(experts.take(kExpert, false));
  EXPECT_FALSE(experts.take(kExpert, false, LayerNumber::last));
  const PeftTargets blocks =
      targets_of(R"({"target_modules": ["q"], "layers_to_transform": 1, "layers_pattern": "h"})");
  EXPECT_TRUE(blocks.take("h.1.q", false));
  EXPECT_FALSE(blocks.take("h.1.q", false, LayerNumber::last));
  EXPECT_TRUE(blocks.take("a.h.1.q", false, LayerNumber::last));
}

TEST(PeftTargets, CountedRepetition) {
  EXPECT_TRUE(takes(R"x({"target_modules": "model\\.layers\\.\\d{1,2}\\..*q_proj"})x"));
  EXPECT_FALSE(takes(R"x({"target_modules": "model\\.layers\\.[0-9]{2}\\..*q_proj"})x"));
  EXPECT_FALSE(targets_of(R"x({"target_modules": "a{90000}"})x").are_known());
}

TEST(PeftTargets, OtherKindsOfValues) {
  EXPECT_DND_ERROR(targets_of(R"({"target_modules": [1]})"), ErrorKind::data, "expected names");
  EXPECT_DND_ERROR(targets_of(R"({"layers_to_transform": "x"})"), ErrorKind::data,
                   "layers_to_transform");
}

}  // namespace
}  // namespace dnd::adapter
