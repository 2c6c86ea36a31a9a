#include "adapter/peft_rule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/expect_error.h"
#include "support/lora.h"

namespace dnd::adapter {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kTinyLayers;
using testing::tiny_adapter;
using testing::tiny_base;

LoraAdapter folder(const std::vector<std::string>& targets = {"q_proj", "down_proj"}) {
  LoraAdapter adapter = tiny_adapter(kTinyLayers);
  adapter.peft.emplace();
  adapter.peft->targets = ModuleRule(targets);
  return adapter;
}

std::size_t acting(const LoraAdapter& adapter,
                   const target::BaseModel& base = tiny_base(kTinyLayers),
                   PeftRelease release = PeftRelease::v0_21) {
  return peft_outcome(adapter, base, release).count(PeftFate::acts);
}

std::size_t acting_before(const LoraAdapter& adapter,
                          const target::BaseModel& base = tiny_base(kTinyLayers)) {
  return acting(adapter, base, PeftRelease::v0_17);
}

TEST(PeftRule, AUsualFolderActs) {
  const PeftOutcome outcome = peft_outcome(folder(), tiny_base(kTinyLayers));
  EXPECT_EQ(outcome.count(PeftFate::acts), 6U);
  EXPECT_EQ(outcome.refusal, "");
  EXPECT_EQ(acting_before(folder()), 6U);
}

// A folder's base with what its class has beside linear layers.
target::BaseModel whole_base() {
  target::BaseModel base = tiny_base(kTinyLayers);
  base.architecture = "Qwen2ForCausalLM";
  base.model_type = "qwen2";
  base.others = {{"model.embed_tokens", false},
                 {"model.layers.0.input_layernorm", true},
                 {"model.norm", true}};
  return base;
}

std::string refusal(const LoraAdapter& adapter, const target::BaseModel& base = whole_base()) {
  return peft_outcome(adapter, base).refusal;
}

TEST(PeftRule, WhatTakesNoMatricesIsRefused) {
  EXPECT_EQ(refusal(folder()), "");
  EXPECT_THAT(refusal(folder({"q_proj", "act_fn"})), HasSubstr("'model.layers.0.mlp.act_fn'"));
  EXPECT_THAT(refusal(folder({"q_proj", "norm"})), HasSubstr("'model.norm', which is no linear"));
  EXPECT_THAT(refusal(folder({"q_proj", "rotary_emb"})), HasSubstr("'model.rotary_emb'"));
  EXPECT_EQ(refusal(folder({"q_proj", "embed_tokens"})), "");
  EXPECT_EQ(refusal(folder({"embed_tokens"})), "");
  target::BaseModel other = whole_base();
  other.architecture = "OfNobodyForCausalLM";
  EXPECT_EQ(refusal(folder({"q_proj", "act_fn"}), other), "");
}

TEST(PeftRule, TargetsThatAreNotGivenAreTheModelTypes) {
  LoraAdapter adapter = folder({});
  adapter.peft->absent = true;
  const PeftOutcome outcome = peft_outcome(adapter, whole_base());
  EXPECT_EQ(outcome.refusal, "");
  EXPECT_EQ(outcome.count(PeftFate::acts), 3U);  // q_proj, not down_proj
  target::BaseModel base = whole_base();
  base.model_type = "qwen3_moe";
  EXPECT_THAT(refusal(adapter, base), HasSubstr("PEFT has none for model_type 'qwen3_moe'"));
  base.model_type.clear();
  EXPECT_EQ(refusal(adapter, base), "");
}

TEST(PeftRule, WholeModulesAreInTheClassOrNot) {
  LoraAdapter adapter = folder();
  adapter.others = {"base_model.model.model.norm.weight",
                    "base_model.model.model.layers.0.input_layernorm.weight",
                    "base_model.model.model.layers.0.nothing.weight",
                    "base_model.model.lm_head.weight"};
  EXPECT_EQ(peft_outcome(adapter, whole_base()).others, 3U);
  adapter.peft->saved = {"norm"};
  EXPECT_EQ(refusal(adapter), "");
  adapter.others.erase(adapter.others.begin() + 1);
  EXPECT_EQ(refusal(adapter),
            "modules_to_save has 'model.layers.0.input_layernorm', the file does not");
}

TEST(PeftRule, HeadsOfClasses) {
  target::BaseModel base = whole_base();
  base.linears.push_back({"score", 8, 2});
  base.architecture = "Qwen2ForSequenceClassification";
  LoraAdapter adapter = folder();
  adapter.peft->heads = {"classifier", "score"};
  EXPECT_THAT(refusal(adapter, base), HasSubstr("has 'score', the file does not"));
  adapter.others = {"base_model.model.score.weight"};
  EXPECT_EQ(refusal(adapter, base), "");
  EXPECT_EQ(peft_outcome(adapter, base).others, 1U);
  adapter.others = {"base_model.model.lm_head.weight"};
  EXPECT_EQ(peft_outcome(adapter, base).others, 0U);
  base.architecture = "BertForMaskedLM";
  adapter.others = {"base_model.model.cls.predictions.decoder.weight"};
  EXPECT_EQ(peft_outcome(adapter, base).others, 1U);
}

TEST(PeftRule, StoredNamesDecide) {
  LoraAdapter adapter = folder();
  adapter.pairs[0].key = adapter.pairs[0].module;
  EXPECT_EQ(acting(adapter), 5U);
  adapter.pairs[1].key = "base_model.model.model.language_model.layers.0.mlp.down_proj";
  EXPECT_EQ(acting(adapter), 4U);
  adapter.pairs[2].adapter_name = "default";
  EXPECT_EQ(acting(adapter), 4U);
  EXPECT_EQ(acting_before(adapter), 3U);
  adapter.pairs[2].adapter_name = "style";
  EXPECT_EQ(acting(adapter), 3U);
}

TEST(PeftRule, ClassesOfVisionModelsTurnNamesOrDoNot) {
  target::BaseModel base = tiny_base(kTinyLayers);
  base.architecture = "Qwen2_5_VLForConditionalGeneration";
  EXPECT_EQ(acting(folder(), base), 0U);
  EXPECT_EQ(acting_before(folder(), base), 6U);
  LoraAdapter renamed = folder();
  for (LoraPair& pair : renamed.pairs) {
    pair.key.replace(0, 22, "base_model.model.model.language_model");
  }
  EXPECT_EQ(renamed.pairs[0].key,
            "base_model.model.model.language_model.layers.0.self_attn.q_proj");
  EXPECT_EQ(acting(renamed, base), 6U);
  EXPECT_EQ(acting_before(renamed, base), 6U);
  base.architecture = "Gemma3ForConditionalGeneration";
  for (target::Linear& linear : base.linears) linear.path.insert(0, "language_model.");
  renamed.pairs[0].key.erase(0, 17);
  EXPECT_EQ(acting(renamed, base), 6U);
  EXPECT_THAT(peft_outcome(renamed, base, PeftRelease::v0_17).refusal,
              HasSubstr("does not begin with 'base_model.'"));
}

TEST(PeftRule, TheConfigurationDecides) {
  EXPECT_EQ(acting(folder({"q_proj"})), 3U);
  EXPECT_EQ(peft_outcome(folder({"k_proj"}), tiny_base(kTinyLayers)).refusal,
            "target_modules names no module of the base");
  EXPECT_THAT(peft_outcome(folder({"q_proj", "mlp"}), tiny_base(kTinyLayers)).refusal,
              HasSubstr("'model.layers.0.mlp', which is no linear layer"));
  LoraAdapter generating = folder();
  generating.task_type = "CAUSAL_LM";
  target::BaseModel bare = tiny_base(kTinyLayers);
  EXPECT_EQ(peft_outcome(generating, bare).refusal, "");
  bare.architecture = "Qwen2Model";
  EXPECT_THAT(peft_outcome(generating, bare).refusal, HasSubstr("task_type CAUSAL_LM"));
}

TEST(PeftRule, TaskTypesArePeftsOwn) {
  LoraAdapter adapter = folder();
  adapter.task_type = "causal_lm";
  EXPECT_THAT(peft_outcome(adapter, tiny_base(kTinyLayers)).refusal,
              HasSubstr("task_type 'causal_lm' is none of PEFT's"));
  adapter.task_type = "SEQ_CLS";
  EXPECT_EQ(peft_outcome(adapter, tiny_base(kTinyLayers)).refusal, "");
}

// rank_pattern and alpha_pattern speak of the class's paths.
TEST(PeftRule, ScalesAreThoseOfTheClasssPaths) {
  target::BaseModel base = tiny_base(kTinyLayers);
  base.architecture = "Gemma3ForConditionalGeneration";
  for (target::Linear& linear : base.linears) linear.path.insert(0, "language_model.");
  LoraAdapter adapter = folder();
  for (LoraPair& pair : adapter.pairs) {
    pair.key.replace(0, 22, "base_model.model.language_model.model");
    pair.scale = 7.0;
  }
  adapter.peft->scale_of = [](std::string_view path) {
    return path.starts_with("model.language_model.layers.0.") ? 3.0 : 2.0;
  };
  keep_what_acts(adapter, base, "adapter");
  ASSERT_EQ(adapter.pairs.size(), 6U);
  EXPECT_EQ(adapter.pairs.front().scale, 3.0);
  EXPECT_EQ(adapter.pairs.back().scale, 2.0);
}

TEST(PeftRule, KeepsWhatActs) {
  LoraAdapter adapter = folder({"q_proj"});
  const auto left_out = keep_what_acts(adapter, tiny_base(kTinyLayers), "x");
  EXPECT_EQ(left_out.size(), 3U);
  EXPECT_EQ(adapter.pairs.size(), 3U);
  LoraAdapter bare = folder();
  for (LoraPair& pair : bare.pairs) pair.key = pair.module;
  EXPECT_DND_ERROR(keep_what_acts(bare, tiny_base(kTinyLayers), "x"), ErrorKind::data,
                   "PEFT would apply none of the 6 modules");
  LoraAdapter in_memory = tiny_adapter(kTinyLayers);
  EXPECT_THAT(keep_what_acts(in_memory, tiny_base(kTinyLayers), "x"), IsEmpty());
  EXPECT_EQ(in_memory.pairs.size(), 6U);
}

TEST(PeftRule, AdoptsTheBasesNames) {
  LoraAdapter bare = folder({"q_proj"});
  for (LoraPair& pair : bare.pairs) pair.key = pair.module;
  std::size_t renamed = 0;
  const auto left_out = adopt_names(bare, tiny_base(kTinyLayers), renamed);
  EXPECT_EQ(renamed, 6U);
  EXPECT_EQ(left_out.size(), 3U);
  EXPECT_EQ(acting(bare), 3U);
}

TEST(PeftRule, ExpertsThatTheClassKeepsAsOneParameter) {
  target::BaseModel base;
  base.architecture = "Qwen3MoeForCausalLM";
  LoraAdapter adapter;
  adapter.peft.emplace();
  for (const char* kind : {"gate_proj", "up_proj", "down_proj"}) {
    const std::string path = std::string("model.layers.0.mlp.experts.0.") + kind;
    base.experts.push_back({path, 8, 8});
    adapter.pairs.push_back(testing::random_pair(path, 8, 8, 2, 1));
  }
  adapter.peft->targets = ModuleRule(std::vector<std::string>{"gate_proj", "up_proj", "down_proj"});
  EXPECT_EQ(acting(adapter, base), 3U);
  adapter.peft->targets = ModuleRule(std::vector<std::string>{"gate_proj"});
  EXPECT_THAT(peft_outcome(adapter, base).refusal, HasSubstr("one of gate_proj and up_proj"));
  EXPECT_EQ(acting_before(adapter, base), 1U);
}

}  // namespace
}  // namespace dnd::adapter
