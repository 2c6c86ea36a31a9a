#include "lm/model_config.h"

#include <gtest/gtest.h>

#include "lm/tiny_model.h"
#include "support/expect_error.h"

namespace dnd::lm {
namespace {

class ModelConfigTest : public ::testing::Test {
 protected:
  ModelConfig read() const {
    dir_.file("config.json", json_line(json_));
    return read_model_config(formats::ConfigFile(dir_ / "config.json"));
  }
  void refuses(const std::string& words) const {
    EXPECT_DND_ERROR(read(), ErrorKind::data, words);
    EXPECT_DND_ERROR(read(), ErrorKind::data, "config.json");
  }
  // As it is with one key changed.
  void refuses_with(const char* key, const Json& value, const std::string& words) {
    const Json before = json_;
    json_[key] = value;
    refuses(words);
    json_ = before;
  }

  testing::TempDir dir_;
  Json json_ = testing::TinyModel().config;
};

TEST_F(ModelConfigTest, WhatIsNotSaidIsAsInTransformers) {
  const ModelConfig config = read();
  EXPECT_EQ(config.architecture, "Qwen2ForCausalLM");
  EXPECT_EQ(config.head_size, 8);
  EXPECT_EQ(config.longest, 64);
  EXPECT_TRUE(config.tied && config.qkv_bias);
  EXPECT_FALSE(config.out_bias || config.mlp_bias || config.head_norms);
  EXPECT_EQ(config.epsilon, 1e-6);
  ASSERT_EQ(config.frequencies.size(), 4U);
  EXPECT_FLOAT_EQ(config.frequencies[0], 1.0F);
  EXPECT_FLOAT_EQ(config.frequencies[2], 0.01F);
  EXPECT_TRUE(config.ends.empty());
}

TEST_F(ModelConfigTest, ArchitecturesDiffer) {
  json_["attention_bias"] = true;
  json_["mlp_bias"] = true;
  json_["architectures"] = {"LlamaForCausalLM"};
  EXPECT_TRUE(read().qkv_bias && read().out_bias && read().mlp_bias);
  json_["architectures"] = {"Qwen3ForCausalLM"};
  EXPECT_EQ(read().head_size, 128);
  EXPECT_TRUE(read().head_norms && read().out_bias);
  EXPECT_FALSE(read().mlp_bias);
  json_["head_dim"] = 12;
  EXPECT_EQ(read().head_size, 12);
  json_["architectures"] = {"MistralForCausalLM"};
  EXPECT_FALSE(read().qkv_bias);
}

TEST_F(ModelConfigTest, ASlidingWindowLimitsTheSequence) {
  json_["max_position_embeddings"] = 32768;
  json_["sliding_window"] = 100;
  EXPECT_EQ(read().longest, 32768);
  json_["use_sliding_window"] = true;
  EXPECT_EQ(read().longest, 100);
  json_["architectures"] = {"MistralForCausalLM"};
  EXPECT_EQ(read().longest, 100);
  json_["sliding_window"] = nullptr;
  EXPECT_EQ(read().longest, 32768);
  json_.erase("sliding_window");
  EXPECT_EQ(read().longest, 4096);
}

TEST_F(ModelConfigTest, RotaryPositions) {
  json_["rope_theta"] = 100.0;
  EXPECT_FLOAT_EQ(read().frequencies[2], 0.1F);
  json_["rope_parameters"] = {{"rope_type", "default"}, {"rope_theta", 1e6}};
  EXPECT_FLOAT_EQ(read().frequencies[2], 1e-3F);
  json_.erase("rope_parameters");
  json_["rope_scaling"] = nullptr;
  EXPECT_FLOAT_EQ(read().frequencies[2], 0.1F);
  json_["rope_scaling"] = {{"type", "yarn"}, {"factor", 2.0}};
  refuses("rope type 'yarn', supported: default, llama3");
  json_["rope_scaling"] = {{"rope_type", "llama3"}, {"factor", 8.0}};
  refuses("original_max_position_embeddings");
  json_["rope_scaling"]["original_max_position_embeddings"] = 64;
  refuses("low_freq_factor");
}

TEST_F(ModelConfigTest, EndMarkers) {
  json_["eos_token_id"] = 7;
  EXPECT_EQ(read().ends, std::vector<std::int32_t>{7});
  dir_.file("generation_config.json", R"({"eos_token_id": [8, 9]})");
  EXPECT_EQ(read().ends, (std::vector<std::int32_t>{8, 9}));
  dir_.file("generation_config.json", R"({"eos_token_id": null})");
  EXPECT_EQ(read().ends, std::vector<std::int32_t>{7});
  dir_.file("generation_config.json", R"({"eos_token_id": "x"})");
  EXPECT_DND_ERROR(read(), ErrorKind::data, "generation_config.json: 'eos_token_id'");
}

TEST_F(ModelConfigTest, WhatCannotBeRun) {
  EXPECT_DND_ERROR(read_model_config(formats::ConfigFile(dir_ / "none/config.json")),
                   ErrorKind::no_input, "config.json");
  refuses_with("architectures", {"GPT2LMHeadModel"},
               "architecture 'GPT2LMHeadModel' cannot be run");
  refuses_with("architectures", {"A", "B"}, "should name exactly one class");
  refuses_with("architectures", {1}, "should name exactly one class");
  refuses_with("hidden_act", "gelu", "hidden_act 'gelu', only silu");
  refuses_with("quantization_config", {{"quant_method", "gptq"}}, "quantized weights");
  refuses_with("partial_rotary_factor", 0.5, "partial_rotary_factor");
  refuses_with("num_key_value_heads", 3, "4 heads cannot share 3 key/value heads");
  refuses_with("head_dim", 7, "heads of 7 values");
  refuses_with("num_attention_heads", 64, "heads of 0 values");
  refuses_with("hidden_size", 1LL << 40, "'hidden_size': expected an integer from 1 to 16777216");
  refuses_with("num_hidden_layers", -1, "'num_hidden_layers'");
  refuses_with("rms_norm_eps", -1.0, "'rms_norm_eps'");
  refuses_with("rope_theta", 0.0, "rope_theta");
  json_.erase("vocab_size");
  refuses("'vocab_size' is missing");
}

}  // namespace
}  // namespace dnd::lm
