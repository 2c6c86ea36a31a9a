#include "formats/gguf_model.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "formats/gguf_config.h"
#include "formats/gguf_names.h"
#include "formats/model_folder.h"
#include "support/expect_error.h"
#include "support/gguf_model.h"
#include "support/sparse_safetensors.h"
#include "support/temp_dir.h"

namespace dnd::formats {
namespace {

using testing::gguf_entries;
using testing::GgufNumbers;
using testing::write_gguf;
using Values = std::vector<float>;

Values values_of(const ModelTensors& tensors, const std::string& name, const Shape& shape) {
  const ModelTensor& tensor = tensors.at(name, shape);
  Values values(static_cast<std::size_t>(tensor.elements()));
  tensors.read_f32(tensor, values);
  return values;
}

GgufNumbers counted(const std::string& name, std::vector<std::int64_t> shape) {
  Values values(static_cast<std::size_t>(
      std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>())));
  std::iota(values.begin(), values.end(), 0.0F);
  return {name, std::move(shape), std::move(values)};
}

class GgufModelTest : public ::testing::Test {
 protected:
  ModelFolder model(const GgufEntries& entries, const std::vector<GgufNumbers>& tensors) const {
    std::filesystem::remove(dir_ / "m.gguf");
    return ModelFolder(write_gguf(dir_ / "m.gguf", entries, tensors));
  }
  // Part `number` of `count`, as llama-gguf-split names and marks them.
  void part(int number, int count, const std::vector<GgufNumbers>& tensors, int said = -1) const {
    GgufEntries entries = number == 1 ? gguf_entries("llama") : GgufEntries{};
    entries.emplace_back("split.no",
                         gguf_u32(static_cast<std::uint32_t>(said < 0 ? number - 1 : said)));
    entries.emplace_back("split.count", gguf_u32(static_cast<std::uint32_t>(count)));
    const std::string name =
        "m-0000" + std::to_string(number) + "-of-0000" + std::to_string(count) + ".gguf";
    std::filesystem::remove(dir_ / name);
    write_gguf(dir_ / name, entries, tensors);
  }

  testing::TempDir dir_;
};

TEST_F(GgufModelTest, TensorsHaveTheirHuggingFaceNames) {
  const ModelFolder folder =
      model(gguf_entries("gemma3"),
            {counted("token_embd.weight", {3, 2}), counted("output_norm.weight", {2}),
             counted("output.weight", {3, 2}), counted("blk.10.attn_norm.weight", {2}),
             counted("blk.10.post_attention_norm.weight", {2}),
             counted("blk.10.ffn_norm.weight", {2}), counted("blk.10.post_ffw_norm.weight", {2}),
             counted("blk.10.attn_q_norm.weight", {2}), counted("blk.10.attn_v.bias", {2}),
             counted("blk.10.new.weight", {2}), counted("rope_freqs.weight", {2})});
  EXPECT_EQ(
      folder.weights().names(),
      (std::vector<std::string>{"blk.10.new.weight", "lm_head.weight", "model.embed_tokens.weight",
                                "model.layers.10.input_layernorm.weight",
                                "model.layers.10.post_attention_layernorm.weight",
                                "model.layers.10.post_feedforward_layernorm.weight",
                                "model.layers.10.pre_feedforward_layernorm.weight",
                                "model.layers.10.self_attn.q_norm.weight",
                                "model.layers.10.self_attn.v_proj.bias", "model.norm.weight"}));
  EXPECT_EQ(huggingface_tensor_name("llama", "blk.0.ffn_norm.weight"),
            "model.layers.0.post_attention_layernorm.weight");
}

// LlamaModel.permute of 8 rows as heads of 4: (heads, 2, 2) -> (heads, 2, 2) with the last two swapped.
TEST_F(GgufModelTest, RowsOfQueriesAndKeysAreTurnedBack) {
  const ModelFolder folder =
      model(gguf_entries("llama"),
            {counted("blk.0.attn_q.weight", {8, 1}), counted("blk.0.attn_q.bias", {8}),
             counted("blk.0.attn_k.weight", {4, 2}), counted("blk.0.attn_v.weight", {4, 1})});
  const ModelTensors& tensors = folder.weights();
  const Values turned = {0, 2, 1, 3, 4, 6, 5, 7};
  EXPECT_EQ(values_of(tensors, "model.layers.0.self_attn.q_proj.weight", {8, 1}), turned);
  EXPECT_EQ(values_of(tensors, "model.layers.0.self_attn.q_proj.bias", {8}), turned);
  EXPECT_EQ(values_of(tensors, "model.layers.0.self_attn.k_proj.weight", {4, 2}),
            (Values{0, 1, 4, 5, 2, 3, 6, 7}));
  EXPECT_EQ(values_of(tensors, "model.layers.0.self_attn.v_proj.weight", {4, 1}),
            (Values{0, 1, 2, 3}));
  // What stands in the file as it is needed can be used there.
  EXPECT_TRUE(tensors.at("model.layers.0.self_attn.v_proj.weight", {4, 1}).dtype);
  EXPECT_FALSE(tensors.at("model.layers.0.self_attn.q_proj.weight", {8, 1}).dtype);
  const ModelFolder other = model(gguf_entries("qwen2"), {counted("blk.0.attn_q.weight", {8, 1})});
  EXPECT_EQ(values_of(other.weights(), "model.layers.0.self_attn.q_proj.weight", {8, 1}),
            (Values{0, 1, 2, 3, 4, 5, 6, 7}));
}

TEST_F(GgufModelTest, RowsNeedTheNumberOfHeads) {
  const std::vector<GgufNumbers> query = {counted("blk.0.attn_q.weight", {6, 1})};
  const auto read = [&](const GgufEntries& entries) {
    const ModelFolder folder = model(entries, query);
    values_of(folder.weights(), "model.layers.0.self_attn.q_proj.weight", {6, 1});
  };
  EXPECT_DND_ERROR(read(gguf_entries("llama")), ErrorKind::data,
                   "'blk.0.attn_q.weight': 6 rows are not 2 heads of an even size");
  EXPECT_DND_ERROR(read({{"general.architecture", gguf_text("llama")}}), ErrorKind::data,
                   "6 rows are not 0 heads");
}

TEST_F(GgufModelTest, NormsOfGemmaAreStoredPlusOne) {
  const std::vector<GgufNumbers> norms = {counted("output_norm.weight", {2}),
                                          counted("blk.0.attn_norm.weight", {2}),
                                          counted("blk.0.attn_v.weight", {2, 1})};
  const ModelFolder gemma = model(gguf_entries("gemma2"), norms);
  EXPECT_EQ(values_of(gemma.weights(), "model.norm.weight", {2}), (Values{-1, 0}));
  EXPECT_EQ(values_of(gemma.weights(), "model.layers.0.input_layernorm.weight", {2}),
            (Values{-1, 0}));
  EXPECT_EQ(values_of(gemma.weights(), "model.layers.0.self_attn.v_proj.weight", {2, 1}),
            (Values{0, 1}));
  const ModelFolder llama = model(gguf_entries("llama"), norms);
  EXPECT_EQ(values_of(llama.weights(), "model.norm.weight", {2}), (Values{0, 1}));
}

TEST_F(GgufModelTest, MetadataIsAConfig) {
  GgufEntries entries = gguf_entries("llama");
  for (const auto& [key, value] : std::vector<std::pair<std::string, GgufValue>>{
           {"llama.block_count", gguf_u32(3)},
           {"llama.embedding_length", gguf_u32(8)},
           {"llama.feed_forward_length", gguf_u32(20)},
           {"llama.context_length", gguf_u32(128)},
           {"llama.attention.layer_norm_rms_epsilon", gguf_f32(0.5F)},
           {"llama.rope.freq_base", gguf_f32(5e5F)},
           {"llama.rope.dimension_count", gguf_u32(4)},
           {"tokenizer.ggml.eos_token_id", gguf_u32(7)}}) {
    entries.emplace_back(key, value);
  }
  const ModelFolder folder = model(entries, {counted("token_embd.weight", {30, 8}),
                                             {"rope_freqs.weight", {2}, {1.0F, 8.0F}},
                                             counted("blk.0.attn_q.bias", {8})});
  const Json expected = parse_json(R"({"architectures": ["LlamaForCausalLM"], "model_type": "llama",
      "num_hidden_layers": 3, "hidden_size": 8, "intermediate_size": 20, "max_position_embeddings": 128,
      "num_attention_heads": 2, "num_key_value_heads": 1, "rms_norm_eps": 0.5, "rope_theta": 500000.0,
      "head_dim": 4, "sliding_window": null, "vocab_size": 30, "tie_word_embeddings": true,
      "attention_bias": true, "mlp_bias": false,
      "rope_scaling": {"rope_type": "gguf_factors", "factors": [1.0, 8.0]}})",
                                   "expected");
  EXPECT_EQ(json_pretty(folder.config().json()), json_pretty(expected));
  EXPECT_TRUE(folder.config().is_of_gguf());
  EXPECT_TRUE(folder.config().quantization().empty());
}

TEST_F(GgufModelTest, ConfigsOfTheGemmas) {
  GgufEntries entries = gguf_entries("gemma2");
  entries.emplace_back("gemma2.embedding_length", gguf_u32(4608));
  entries.emplace_back("gemma2.attention.key_length", gguf_u32(128));
  entries.emplace_back("gemma2.attention.sliding_window", gguf_u32(4096));
  entries.emplace_back("gemma2.block_count", gguf_u32(42));
  const auto scalar = [&] {
    return model(entries, {}).config().json().at("query_pre_attn_scalar").get<int>();
  };
  EXPECT_EQ(scalar(), 128);
  entries.back().second = gguf_u32(46);  // 27B
  EXPECT_EQ(scalar(), 2304);
  EXPECT_EQ(model(entries, {}).config().json().at("sliding_window"), 4096);
  EXPECT_EQ(model(gguf_entries("gemma3"), {}).config().json().at("sliding_window_pattern"), 6);
}

TEST_F(GgufModelTest, HostileFactorsAreRefused) {
  EXPECT_DND_ERROR(model(gguf_entries("llama"), {counted("rope_freqs.weight", {2, 2})}),
                   ErrorKind::data, "'rope_freqs.weight' has shape [2, 2], expected a list");
}

TEST_F(GgufModelTest, MixturesAreToldByTheirExperts) {
  GgufEntries entries = gguf_entries("llama");
  entries.emplace_back("llama.expert_count", gguf_u32(8));
  EXPECT_EQ(model(entries, {}).config().architecture(), "MixtralForCausalLM");
}

TEST_F(GgufModelTest, AnyPartLeadsToAll) {
  part(1, 2, {counted("blk.0.attn_q.weight", {8, 1})});
  part(2, 2, {counted("blk.0.attn_v.weight", {8, 1})});
  for (const auto& path :
       {dir_ / "m-00001-of-00002.gguf", dir_ / "m-00002-of-00002.gguf", dir_.path()}) {
    const ModelFolder folder(path);
    EXPECT_EQ(folder.weights().entry(), "m-00001-of-00002.gguf");
    EXPECT_EQ(folder.weights().names(),
              (std::vector<std::string>{"model.layers.0.self_attn.q_proj.weight",
                                        "model.layers.0.self_attn.v_proj.weight"}));
    EXPECT_EQ(values_of(folder.weights(), "model.layers.0.self_attn.q_proj.weight", {8, 1})[1],
              2.0F);
  }
  part(2, 2, {counted("blk.0.attn_q.weight", {8, 1})});
  EXPECT_DND_ERROR(ModelFolder(dir_.path()), ErrorKind::data,
                   "is in m-00001-of-00002.gguf and in m-00002-of-00002.gguf");
  part(2, 2, {}, 0);
  EXPECT_DND_ERROR(ModelFolder(dir_.path()), ErrorKind::data,
                   "is part 1 by its content, 2 by its name");
  std::filesystem::remove(dir_ / "m-00002-of-00002.gguf");
  EXPECT_DND_ERROR(ModelFolder(dir_.path()), ErrorKind::no_input, "part 2 of 2 is missing");
  std::filesystem::rename(dir_ / "m-00001-of-00002.gguf", dir_ / "x.gguf");
  EXPECT_DND_ERROR(ModelFolder(dir_ / "x.gguf"), ErrorKind::data,
                   "is one of 2 parts, but its name says 1");
}

TEST_F(GgufModelTest, AFolderMayHoldOne) {
  write_gguf(dir_ / "m.gguf", gguf_entries("llama"), {counted("blk.0.attn_v.weight", {8, 1})});
  write_gguf(dir_ / "mmproj-f16.gguf", {{"general.type", gguf_text("mmproj")}}, {});
  dir_.file("config.json", R"({"architectures": ["Qwen2ForCausalLM"]})");
  EXPECT_EQ(ModelFolder(dir_.path()).config().architecture(), "LlamaForCausalLM");
  write_gguf(dir_ / "n.gguf", gguf_entries("llama"), {});
  EXPECT_DND_ERROR(ModelFolder(dir_.path()), ErrorKind::data, "holds 2 models as .gguf files");
  testing::write_sparse(dir_ / "model.safetensors", {{"w", Dtype::f32, {1}}});
  EXPECT_EQ(ModelFolder(dir_.path()).config().architecture(), "Qwen2ForCausalLM");
}

TEST_F(GgufModelTest, TypesThatCannotBeDecodedAreNamed) {
  const std::vector<GgufTensorSpec> specs = {{"blk.0.attn_v.weight", 16, {1, 256}},
                                             {"blk.0.attn_q.bias", kGgmlQ8, {32}}};
  GgufWriter writer(dir_ / "m.gguf", gguf_entries("llama"), specs);
  writer.write(std::vector<std::byte>(66 + 34));
  writer.finish();
  const ModelFolder folder(dir_ / "m.gguf");
  EXPECT_DND_ERROR(folder.weights().at("model.layers.0.self_attn.v_proj.weight", {1, 256}),
                   ErrorKind::data, "dtype IQ2_XXS, expected a float type of F32, F16");
  EXPECT_DND_ERROR(folder.weights().at("model.layers.0.self_attn.q_proj.bias", {32}),
                   ErrorKind::data, "dtype Q8_0, expected");
  EXPECT_EQ(folder.weights().gguf()->quantization(), "IQ2_XXS");
}

}  // namespace
}  // namespace dnd::formats
