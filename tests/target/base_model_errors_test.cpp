#include <gtest/gtest.h>

#include "base/json.h"
#include "base/strings.h"
#include "support/expect_error.h"
#include "support/golden.h"
#include "support/sparse_safetensors.h"
#include "support/temp_dir.h"
#include "target/base_model.h"

namespace dnd::target {
namespace {

namespace fs = std::filesystem;
using testing::data_path;
using testing::TempDir;
using testing::write_sparse;

class BaseModelErrors : public ::testing::Test {
 protected:
  void expect_error(const fs::path& path, ErrorKind kind, const std::string& message) const {
    EXPECT_DND_ERROR(read_base_model(path), kind, message);
  }
  fs::path weights(const std::string& name, std::vector<formats::TensorSpec> specs) const {
    return write_sparse(dir_ / name, std::move(specs));
  }
  fs::path index(const Json& weight_map) const {
    return dir_.file("model.safetensors.index.json", json_line({{"weight_map", weight_map}}));
  }

  TempDir dir_;
  const std::string query_ = "model.layers.0.self_attn.q_proj.weight";
  const std::string key_ = "model.layers.0.self_attn.k_proj.weight";
};

TEST_F(BaseModelErrors, OfFiles) {
  expect_error(dir_ / "none", ErrorKind::no_input, "not found");
  expect_error(dir_.path(), ErrorKind::no_input, "config.json");
  expect_error(dir_.file("model.bin", "x"), ErrorKind::data, "expected a Hugging Face folder");
  expect_error(dir_.file("empty.safetensors", ""), ErrorKind::data, "header too small");
  expect_error(weights("none.safetensors", {}), ErrorKind::data, "no linear layer among 0 tensors");
  expect_error(weights("conv.safetensors", {{"a.weight", Dtype::f16, {2, 2, 3}}}), ErrorKind::data,
               "no linear layer among 1 tensors (expected 2-D float tensors");
  expect_error(data_path("interop/llama/adapter"), ErrorKind::data,
               "lora_A.weight': this is a LoRA adapter, not a base model");
  expect_error(weights("lora.safetensors", {{"a.lora_down.weight", Dtype::f16, {2, 2}}}),
               ErrorKind::data, "this is a LoRA adapter");
  expect_error(dir_.path(), ErrorKind::data, "holds 4 .safetensors files and no index");
  expect_error(weights("model-00001-of-00002.safetensors", {{query_, Dtype::f16, {2, 2}}}),
               ErrorKind::data, "is shard 1 of 2; give the folder");
}

TEST_F(BaseModelErrors, OfSizes) {
  expect_error(weights("huge.safetensors", {{query_, Dtype::f16, {(1LL << 28U) + 1, 2}}}),
               ErrorKind::data, "q_proj' has shape [268435457, 2], expected sizes from 1 to");
  expect_error(weights("hole.safetensors", {{query_, Dtype::f16, {0, 2}}}), ErrorKind::data,
               "has shape [0, 2]");
}

TEST_F(BaseModelErrors, OfShards) {
  weights("a-00001-of-00003.safetensors", {{query_, Dtype::f16, {4, 2}}});
  weights("a-00002-of-00003.safetensors", {{key_, Dtype::f16, {2, 2}}});
  expect_error(dir_.path(), ErrorKind::no_input, "a-00003-of-00003.safetensors: shard 3 of 3 is");
  weights("a-00003-of-00003.safetensors", {{key_, Dtype::f16, {2, 2}}});
  expect_error(dir_.path(), ErrorKind::data,
               "k_proj.weight' is in a-00002-of-00003.safetensors an");
  weights("a-00003-of-00003.safetensors", {{"model.norm.weight", Dtype::f16, {2}}});
  EXPECT_EQ(read_base_model(dir_.path()).linears.size(), 2U);
}

TEST_F(BaseModelErrors, OfAnIndex) {
  weights("a.safetensors", {{query_, Dtype::f16, {4, 2}}});
  weights("b.safetensors", {{key_, Dtype::f16, {2, 2}}});
  EXPECT_EQ(
      read_base_model(index({{query_, "a.safetensors"}, {key_, "b.safetensors"}})).linears.size(),
      2U);
  EXPECT_EQ(read_base_model(dir_.path()).linears.size(), 2U);
  for (const char* outside :
       {"../x.safetensors", "/tmp/x.safetensors", "..", "", "a.bin", "a/b.safetensors"}) {
    expect_error(index({{query_, outside}}), ErrorKind::data,
                 cat("shard '", outside, "' is not the plain name"));
  }
  expect_error(index({{query_, "c.safetensors"}}), ErrorKind::no_input,
               "shard c.safetensors is missing");
  expect_error(index({{query_, "a.safetensors"}, {"x", "b.safetensors"}}), ErrorKind::data,
               "tensor 'x' should be in b.safetensors, it is in no shard");
  expect_error(index({{query_, "b.safetensors"}, {key_, "a.safetensors"}}), ErrorKind::data,
               "it is in b.safetensors (index of another model?)");
  weights("b.safetensors", {{key_, Dtype::f16, {2, 2}}, {"extra", Dtype::f16, {2}}});
  expect_error(index({{query_, "a.safetensors"}, {key_, "b.safetensors"}}), ErrorKind::data,
               "b.safetensors holds 'extra', which the index does not list");
  weights("b.safetensors", {{key_, Dtype::f16, {2, 2}}, {query_, Dtype::f16, {4, 2}}});
  expect_error(index({{query_, "a.safetensors"}, {key_, "b.safetensors"}}), ErrorKind::data,
               "q_proj.weight' is in a.safetensors and in b.safetensors");
  expect_error(index(Json::object()), ErrorKind::data, "'weight_map' is empty");
  expect_error(index({{query_, 1}}), ErrorKind::data, "weight_map");
  expect_error(index("x"), ErrorKind::data, "weight_map");
}

TEST_F(BaseModelErrors, OfConfigs) {
  const auto config = [&](const Json& json) { return dir_.file("config.json", json_line(json)); };
  expect_error(config({{"_class_name", "FluxTransformer2DModel"}}), ErrorKind::data,
               "'FluxTransformer2DModel' is not supported");
  expect_error(config({{"architectures", {"MultiModalityCausalLM"}}}), ErrorKind::data,
               "any other model is read from its weights: give the .safetensors file, its "
               "*.safetensors.index.json or the folder");
  Json experts = parse_json(
      read_text_file(data_path("architectures/Mixtral/config.json"), 1U << 16U), "config");
  experts["num_local_experts"] = 1 << 24U;
  expect_error(config(experts), ErrorKind::data, "more than 262144 linear layers");
  experts.erase("num_local_experts");
  expect_error(config(experts), ErrorKind::data, "key 'num_local_experts' is missing");
  Json vision = {{"architectures", {"Qwen2_5_VLForConditionalGeneration"}},
                 {"hidden_size", 4},
                 {"intermediate_size", 4},
                 {"num_hidden_layers", 1},
                 {"num_attention_heads", 1},
                 {"vision_config", {{"depth", 2}}}};
  expect_error(config(vision), ErrorKind::data, "vision_config: key 'hidden_size' is missing");
}

}  // namespace
}  // namespace dnd::target
