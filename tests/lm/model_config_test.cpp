#include "lm/model_config.h"

#include <gtest/gtest.h>

#include <cmath>

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

  // 0: none.
  using Windows = std::vector<std::int64_t>;
  Windows windows() const {
    Windows all;
    for (const LayerAttention& layer : read().attention) {
      all.push_back(layer.window == INT32_MAX ? 0 : layer.window);
    }
    return all;
  }
  // -1: none.
  std::vector<int> ropes() const {
    std::vector<int> all;
    for (const LayerAttention& layer : read().attention) {
      all.push_back(layer.rope ? static_cast<int>(*layer.rope) : -1);
    }
    return all;
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
  ASSERT_EQ(config.ropes.at(0).frequencies.size(), 4U);
  EXPECT_FLOAT_EQ(config.ropes.at(0).frequencies[0], 1.0F);
  EXPECT_FLOAT_EQ(config.ropes.at(0).frequencies[2], 0.01F);
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

TEST_F(ModelConfigTest, SlidingWindows) {
  json_["num_hidden_layers"] = 4;
  json_["sliding_window"] = 100;
  json_["max_window_layers"] = 3;
  EXPECT_EQ(windows(), (Windows{0, 0, 0, 0}));
  json_["use_sliding_window"] = true;
  EXPECT_EQ(windows(), (Windows{0, 0, 0, 100}));
  json_["architectures"] = {"MistralForCausalLM"};
  EXPECT_EQ(windows(), (Windows{100, 100, 100, 100}));
  json_["layer_types"] = {"full_attention", "full_attention", "full_attention",
                          "sliding_attention"};
  EXPECT_EQ(windows(), (Windows{100, 100, 100, 100}));
  json_["architectures"] = {"Gemma2ForCausalLM"};
  EXPECT_EQ(windows(), (Windows{0, 0, 0, 100}));
  json_["layer_types"][3] = "chunked_attention";
  refuses("'layer_types': \"chunked_attention\", supported: full_attention, sliding_attention");
  json_["layer_types"].erase(3);
  refuses("'layer_types': 3 values for 4 layers");
  json_.erase("layer_types");
  EXPECT_EQ(windows(), (Windows{100, 0, 100, 0}));
  json_["architectures"] = {"Gemma3ForCausalLM"};
  json_["sliding_window_pattern"] = 3;
  EXPECT_EQ(windows(), (Windows{100, 100, 0, 100}));
  json_["sliding_window"] = nullptr;
  refuses("no sliding_window for layers that need one");
  json_["architectures"] = {"MistralForCausalLM"};
  EXPECT_EQ(windows(), (Windows{0, 0, 0, 0}));
  json_.erase("sliding_window");
  EXPECT_EQ(windows(), (Windows{4096, 4096, 4096, 4096}));
  EXPECT_EQ(read().longest, 64);
  json_["architectures"] = {"Phi3ForCausalLM"};
  EXPECT_EQ(windows(), (Windows{0, 0, 0, 0}));
  refuses_with("sliding_window", 0, "'sliding_window': expected an integer from 1");
}

TEST_F(ModelConfigTest, LayersWithoutPositions) {
  json_["architectures"] = {"SmolLM3ForCausalLM"};
  json_["num_hidden_layers"] = 5;
  EXPECT_EQ(ropes(), (std::vector<int>{0, 0, 0, -1, 0}));
  json_["no_rope_layer_interval"] = 2;
  EXPECT_EQ(ropes(), (std::vector<int>{0, -1, 0, -1, 0}));
  json_["no_rope_layers"] = {0, 1, 1, 1, 0, 1};
  EXPECT_EQ(ropes(), (std::vector<int>{-1, 0, 0, 0, -1}));
  json_["use_sliding_window"] = true;
  json_["sliding_window"] = 9;
  EXPECT_EQ(windows(), (Windows{9, 0, 0, 0, 9}));
  refuses_with("no_rope_layers", {1, 1, 1, 1}, "'no_rope_layers': 4 values for 5 layers");
  refuses_with("no_rope_layers", {1, 1, 2, 1, 1}, "'no_rope_layers'");
  EXPECT_FLOAT_EQ(read().ropes.at(0).frequencies[1], static_cast<float>(std::pow(2e6, -0.25)));
}

TEST_F(ModelConfigTest, Gemmas) {
  json_["hidden_size"] = 80;
  json_["architectures"] = {"GemmaForCausalLM"};
  json_["hidden_act"] = "gelu";
  ModelConfig config = read();
  EXPECT_EQ(config.activation, Activation::gelu_tanh);
  EXPECT_EQ(config.head_size, 256);
  EXPECT_EQ(config.embedding_scale, static_cast<double>(std::sqrt(80.0F)));
  EXPECT_EQ(config.norm_offset, 1.0);
  EXPECT_EQ(config.attention_scale, 1.0 / 16.0);
  EXPECT_FALSE(config.output_norms);
  json_["architectures"] = {"Gemma2ForCausalLM"};
  json_["query_pre_attn_scalar"] = 100;
  json_["attn_logit_softcapping"] = 20.0;
  config = read();
  EXPECT_TRUE(config.output_norms && config.tied);
  EXPECT_EQ(config.attention_scale, 0.1);
  EXPECT_EQ(config.attention_softcap, 20.0);
  EXPECT_EQ(config.logit_softcap, 30.0);
  json_["attn_logit_softcapping"] = nullptr;
  EXPECT_EQ(read().attention_softcap, 0.0);
  refuses_with("final_logit_softcapping", 0.0, "'final_logit_softcapping': expected a number");
  refuses_with("query_pre_attn_scalar", -1, "query_pre_attn_scalar");
  refuses_with("use_bidirectional_attention", true, "use_bidirectional_attention");
  json_["architectures"] = {"Gemma3ForCausalLM"};
  json_["attn_logit_softcapping"] = 20.0;
  config = read();
  EXPECT_TRUE(config.head_norms);
  EXPECT_EQ(config.attention_softcap, 0.0);
  EXPECT_EQ(config.logit_softcap, 0.0);
}

// As published: what the class has by itself is left out, the rest nested.
TEST_F(ModelConfigTest, Gemma3WithVision) {
  json_ = parse_json(R"({"architectures": ["Gemma3ForConditionalGeneration"],
      "eos_token_id": [1, 106],
      "text_config": {"hidden_size": 2560, "intermediate_size": 10240, "num_hidden_layers": 7,
                      "rope_scaling": {"factor": 8.0, "rope_type": "linear"},
                      "sliding_window": 1024}})",
                     "config");
  const ModelConfig config = read();
  EXPECT_EQ(config.vocabulary, 262208);
  EXPECT_EQ(config.longest, 131072);
  EXPECT_EQ(config.heads, 8);
  EXPECT_EQ(config.key_value_heads, 4);
  EXPECT_EQ(config.head_size, 256);
  EXPECT_TRUE(config.vision && config.tied);
  EXPECT_EQ(config.ends, (std::vector<std::int32_t>{1, 106}));
  EXPECT_EQ(windows(), (Windows{1024, 1024, 1024, 1024, 1024, 0, 1024}));
  EXPECT_EQ(ropes(), (std::vector<int>{1, 1, 1, 1, 1, 0, 1}));
  EXPECT_FLOAT_EQ(config.ropes.at(0).frequencies[0], 0.125F);
  EXPECT_FLOAT_EQ(config.ropes.at(0).frequencies[64], 0.125e-3F);
  EXPECT_FLOAT_EQ(config.ropes.at(1).frequencies[0], 1.0F);
  EXPECT_FLOAT_EQ(config.ropes.at(1).frequencies[64], 1e-2F);
}

TEST_F(ModelConfigTest, RotaryPositions) {
  json_["rope_theta"] = 100.0;
  EXPECT_FLOAT_EQ(read().ropes.at(0).frequencies[2], 0.1F);
  json_["rope_parameters"] = {{"rope_type", "default"}, {"rope_theta", 1e6}};
  EXPECT_FLOAT_EQ(read().ropes.at(0).frequencies[2], 1e-3F);
  json_["rope_scaling"] = {{"rope_type", "linear"}, {"factor", 2.0}};
  EXPECT_FLOAT_EQ(read().ropes.at(0).frequencies[2], 0.05F);
  json_.erase("rope_parameters");
  json_["rope_scaling"] = nullptr;
  EXPECT_FLOAT_EQ(read().ropes.at(0).frequencies[2], 0.1F);
  json_["rope_scaling"] = {{"rope_type", "llama3"}, {"factor", 8.0}};
  refuses("low_freq_factor");
  json_["rope_scaling"] = {{"rope_type", "linear"}};
  refuses("expected a 'factor' of 1 or more");
  json_["rope_scaling"] = {{"type", "axial"}};
  refuses("rope type 'axial', supported: default, linear, dynamic, yarn, llama3");
  json_["rope_scaling"] = {{"type", "longrope"}};
  refuses("rope type 'longrope', supported: default, linear, dynamic, yarn, llama3");
  json_["rope_scaling"] = nullptr;
  json_["rope_parameters"] = {{"full_attention", {{"rope_theta", 1e6}}}};
  refuses("'rope_parameters' of each kind of layer");
}

TEST_F(ModelConfigTest, LongRope) {
  json_["architectures"] = {"Phi3ForCausalLM"};
  json_["partial_rotary_factor"] = 0.6;
  json_["original_max_position_embeddings"] = 16;
  json_["rope_scaling"] = {{"short_factor", {1.0, 2.0}}, {"long_factor", {3.0, 4.0}}};
  for (const char* type : {"longrope", "su", "yarn"}) {
    json_["rope_scaling"]["type"] = type;
    const Rope rope = read().ropes.at(0);
    EXPECT_FLOAT_EQ(rope.frequencies.at(1), 0.005F);
    EXPECT_FLOAT_EQ(rope.long_frequencies.at(1), 0.0025F);
    EXPECT_EQ(rope.short_length, 16);
    EXPECT_FLOAT_EQ(rope.scale, std::sqrt(1.5F));
  }
  json_["rope_scaling"]["attention_factor"] = 1.25;
  EXPECT_FLOAT_EQ(read().ropes.at(0).scale, 1.25F);
  json_["rope_scaling"]["attention_factor"] = -1.0;
  refuses("attention_factor -1 makes no sense");
  json_["rope_scaling"]["long_factor"] = {3.0};
  refuses("'long_factor': expected 2 numbers above 0, got 1 values");
  json_["rope_scaling"]["long_factor"] = {3.0, 0.0};
  refuses("'long_factor': expected 2 numbers above 0");
  json_["rope_scaling"]["type"] = "linear";
  refuses("rope type 'linear', supported: default, longrope, su, yarn");
  refuses_with("partial_rotary_factor", 0.1, "partial_rotary_factor 0.1 makes no sense");
  refuses_with("partial_rotary_factor", 1.5, "partial_rotary_factor 1.5 makes no sense");
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
  refuses_with("hidden_act", "relu", "hidden_act 'relu', supported: silu, swish, gelu");
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
