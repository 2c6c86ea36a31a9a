#include "adapter/peft_config.h"

#include <gtest/gtest.h>

#include <cmath>

#include "support/expect_error.h"

namespace dnd::adapter {
namespace {

PeftConfig parse(const std::string& text) {
  return peft_config_from_json(parse_json(text, "config"), "config");
}

TEST(PeftConfig, DefaultsAreThoseOfPeft) {
  const PeftConfig config = parse("{}");
  EXPECT_EQ(config.rank, 8);
  EXPECT_EQ(config.scale_of("x.q_proj"), 1.0);
  EXPECT_EQ(config.base_model, "");
  const PeftConfig nulls = parse(
      R"({"r": null, "rank_pattern": null, "use_dora": null, "base_model_name_or_path": null,
          "modules_to_save": null, "arrow_config": null, "loftq_config": {}, "target_parameters": []})");
  EXPECT_EQ(nulls.rank, 8);
}

TEST(PeftConfig, ScaleIsAlphaOverRankOrOverItsRoot) {
  EXPECT_EQ(parse(R"({"r": 16, "lora_alpha": 8})").scale_of("q"), 0.5);
  EXPECT_EQ(parse(R"({"r": 4, "lora_alpha": 2.5})").scale_of("q"), 0.625);
  EXPECT_EQ(parse(R"({"r": 8, "lora_alpha": 16, "use_rslora": true})").scale_of("q"),
            16.0 / std::sqrt(8.0));
}

TEST(PeftConfig, TheFirstPatternThatMatchesCounts) {
  const PeftConfig config = parse(
      R"({"r": 8, "lora_alpha": 16, "rank_pattern": {"q_proj": 2, "layers.0.q_proj": 3, "^a.v": 4},
          "alpha_pattern": {"layers\\.(0|2)\\..*": 32, "q_proj": 1}})");
  EXPECT_EQ(config.rank_of("layers.0.q_proj"), 2);
  EXPECT_EQ(config.rank_of("k_proj"), 8);
  EXPECT_EQ(config.rank_of("a.v"), 4);
  EXPECT_EQ(config.rank_of("b.a.v"), 8) << "^ is the start of the whole name";
  EXPECT_EQ(config.scale_of("model.layers.0.q_proj"), 16.0);
  EXPECT_EQ(config.scale_of("model.layers.1.q_proj"), 0.5);
  EXPECT_EQ(config.scale_of("model.layers.2.k_proj"), 4.0);
}

// re.match(r"(.*\.)?(<pattern>)$", module) by Python 3.11.
TEST(PeftConfig, PatternsMatchAsPythonsRegularExpressionsDo) {
  struct Case {
    const char* pattern;
    const char* module;
    bool matches;
  };
  for (const Case& c :
       {Case{"q_proj", "q_proj", true}, Case{"q_proj", "a.q_proj", true},
        Case{"q_proj", "my_q_proj", false}, Case{"q_proj", "q_proj.x", false},
        Case{"a.q", "xa.q", false}, Case{"a.q", "a_q", true}, Case{"0.q", "10.q", false},
        Case{"q_proj", "proj", false}, Case{"(q|k)_proj", "a.k_proj", true},
        Case{"q|k", "a.k", true}, Case{"q|k", "a.qk", false}, Case{"\\\\d+\\\\.q", "m.12.q", true},
        Case{"[qk]_proj", "a.v_proj", false}, Case{".*q", "a.b_q", true}}) {
    const std::string text = std::string(R"({"r": 8, "rank_pattern": {")") + c.pattern + "\": 2}}";
    EXPECT_EQ(parse(text).rank_of(c.module), c.matches ? 2 : 8) << c.pattern << " " << c.module;
  }
}

TEST(PeftConfig, PathologicalPatternsEndSoonOrAreRefused) {
  const PeftConfig slow = parse(R"({"r": 8, "rank_pattern": {"(a+)+b": 2, "(a|aa)*c": 3}})");
  EXPECT_EQ(slow.rank_of(std::string(900, 'a')), 8);
  const auto refused = [](const std::string& pattern, const char* message) {
    EXPECT_DND_ERROR(parse(R"({"rank_pattern": {")" + pattern + R"(": 2}})"), ErrorKind::data,
                     message);
  };
  refused("(", "pattern '(': not a regular expression that is understood here");
  refused("(?<=a)b", "not a regular expression");
  refused("(a)\\\\1", "not a regular expression");
  refused("a{1000}", "counted repetition is not supported");
  refused(std::string(300, '*'), "longer than 256 bytes");
  std::string many;
  for (int i = 0; i < 300; ++i) many += (i > 0 ? "\": 2, \"" : "") + std::to_string(i) + "+";
  refused(many, "more than 256 regular expressions");
}

TEST(PeftConfig, WhatIsMoreThanAPlainLoraIsRefusedByName) {
  struct Case {
    const char* text;
    const char* message;
  };
  for (const Case& c : {
           Case{R"({"peft_type": "IA3"})", "'peft_type' is 'IA3', only LORA is supported"},
           Case{R"({"lora_bias": true})", "'lora_bias' is set"},
           Case{R"({"modules_to_save": ["lm_head"]})", R"('modules_to_save' is set: ["lm_head"])"},
           Case{R"({"trainable_token_indices": [1]})", "'trainable_token_indices' is set"},
           Case{R"({"target_parameters": ["mlp.experts"]})", "'target_parameters' is set"},
           Case{R"({"layer_replication": [[0, 2]]})", "'layer_replication' is set"},
           Case{R"({"alora_invocation_tokens": [5]})", "'alora_invocation_tokens' is set"},
           Case{R"({"use_qalora": true})", "'use_qalora' is set"},
           Case{R"({"use_bdlora": {"n": 2}})", "'use_bdlora' is set"},
           Case{R"({"kasa_config": {"beta": 1}})", "'kasa_config' is set"},
           Case{R"({"init_lora_weights": "pissa_niter_4"})", "changes the base's weights too"},
           Case{R"({"init_lora_weights": "OLoRA"})", "'init_lora_weights' is 'olora'"},
       }) {
    EXPECT_DND_ERROR(parse(c.text), ErrorKind::data, c.message);
  }
  for (const char* text : {"true", "false", R"("gaussian")", R"("eva")"}) {
    EXPECT_NO_THROW(parse(std::string(R"({"init_lora_weights": )") + text + "}"));
  }
}

TEST(PeftConfig, WrongTypesAndSizes) {
  struct Case {
    const char* text;
    const char* message;
  };
  for (const Case& c : {
           Case{"[]", "expected an object"},
           Case{R"({"r": 0})", "'r': expected an integer from 1"},
           Case{R"({"r": 4.5})", "'r': expected an integer"},
           Case{R"({"r": 99999999})", "'r': expected an integer"},
           Case{R"({"lora_alpha": "16"})", "'lora_alpha': expected a number"},
           Case{R"({"lora_alpha": 1e300})", "no sensible number"},
           Case{R"({"use_rslora": 1})", "'use_rslora': expected true or false"},
           Case{R"({"rank_pattern": []})", "rank_pattern"},
           Case{R"({"rank_pattern": {"q": 0}})", "'q': expected an integer from 1"},
           Case{R"({"rank_pattern": {"q": 1.5}})", "'q': expected an integer"},
           Case{R"({"rank_pattern": {"q": 1e300}})", "'q': expected an integer"},
           Case{R"({"alpha_pattern": {"q": "x"}})", "'q': expected a number"},
       }) {
    EXPECT_DND_ERROR(parse(c.text), ErrorKind::data, c.message);
  }
}

}  // namespace
}  // namespace dnd::adapter
