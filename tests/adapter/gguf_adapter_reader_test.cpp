#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "adapter/gguf_adapter.h"
#include "support/expect_error.h"
#include "support/gguf_bytes.h"
#include "support/interop.h"
#include "support/temp_dir.h"

namespace dnd::adapter {
namespace {

using testing::gguf_entry;
using testing::gguf_float_entry;
using testing::gguf_tensor;
using testing::gguf_text_entry;
using testing::GgufBytes;
using testing::interop_adapter;
using testing::interop_path;
using testing::kInteropHeads;
using testing::little_endian;
using testing::TempDir;

// What `dtype` keeps of the values.
std::vector<float> rounded(const std::vector<float>& values, Dtype dtype) {
  std::vector<std::byte> bytes(values.size() * dtype_bits(dtype) / 8);
  from_f32(dtype, values, bytes);
  std::vector<float> result(values.size());
  to_f32(dtype, bytes, result);
  return result;
}

TEST(GgufAdapterReader, GivesBackWhatPeftWrote) {
  const std::map<std::string, Dtype> types = {
      {"f32", Dtype::f32}, {"f16", Dtype::f16}, {"bf16", Dtype::bf16}};
  for (const char* base : {"llama", "qwen2"}) {
    const LoraAdapter expected = interop_adapter(base);
    for (const auto& [name, dtype] : types) {
      const LoraAdapter found =
          read_gguf_adapter(interop_path(base, "adapter-" + name + ".gguf"), kInteropHeads);
      EXPECT_EQ(found.format, AdapterFormat::gguf);
      EXPECT_EQ(found.architecture, base);
      EXPECT_EQ(found.dtype, dtype);
      EXPECT_EQ(found.metadata.at("general.name"), "Adapter");
      ASSERT_EQ(found.pairs.size(), expected.pairs.size());
      for (std::size_t i = 0; i < found.pairs.size(); ++i) {
        const LoraPair& pair = found.pairs[i];
        EXPECT_EQ(pair.module, expected.pairs[i].module);
        EXPECT_EQ(pair.scale, 2.0);
        EXPECT_EQ(pair.rank, 4);
        EXPECT_EQ(pair.in, expected.pairs[i].in);
        EXPECT_EQ(pair.out, expected.pairs[i].out);
        EXPECT_TRUE(pair.magnitude.empty());
        EXPECT_EQ(pair.a, rounded(expected.pairs[i].a, dtype)) << pair.module;
        EXPECT_EQ(pair.b, rounded(expected.pairs[i].b, dtype)) << pair.module;
      }
      EXPECT_EQ(found.pairs[0].key, "blk.0.ffn_down.weight");
    }
  }
}

TEST(GgufAdapterReader, WantsHeadsWhereRowsAreReordered) {
  EXPECT_DND_ERROR(read_gguf_adapter(interop_path("llama", "adapter-f32.gguf"), {}),
                   ErrorKind::data, "'model.layers.0.self_attn.k_proj': llama.cpp reorders");
  EXPECT_DND_ERROR(read_gguf_adapter(interop_path("llama", "adapter-f32.gguf"),
                                     target::AttentionHeads{.attention = 4, .key_value = 3}),
                   ErrorKind::data, "16 rows are not 3 heads");
  EXPECT_EQ(read_gguf_adapter(interop_path("qwen2", "adapter-f32.gguf"), {}).pairs.size(), 14U);
}

// An adapter of one pair, A (2, 3) and B (4, 2), all values 1.
class GgufAdapterFile : public ::testing::Test {
 protected:
  static std::string ones(std::size_t count) {
    std::string bytes;
    for (std::size_t i = 0; i < count; ++i) bytes += little_endian(0x3F800000, 4);
    bytes.resize((bytes.size() + 31) / 32 * 32);
    return bytes;
  }

  LoraAdapter read(const GgufBytes& file) const {
    return read_gguf_adapter(dir_.file("x.gguf", file.done()), kInteropHeads);
  }
  void expect_refused(const GgufBytes& file, const std::string& message) const {
    EXPECT_DND_ERROR(read(file), ErrorKind::data, message);
  }
  GgufBytes with_tensors(const std::vector<std::string>& tensors) const {
    GgufBytes file = good_;
    file.tensors = tensors;
    return file;
  }
  GgufBytes with_alpha(const std::string& entry) const {
    GgufBytes file = good_;
    file.entries.push_back(entry);
    return file;
  }

  TempDir dir_;
  const std::string architecture_ = gguf_text_entry("general.architecture", "qwen2");
  const std::string type_ = gguf_text_entry("general.type", "adapter");
  const std::string lora_ = gguf_text_entry("adapter.type", "lora");
  const std::string a_ = gguf_tensor("blk.5.ffn_up.weight.lora_a", {3, 2}, 0, 0);
  const std::string b_ = gguf_tensor("blk.5.ffn_up.weight.lora_b", {2, 4}, 0, 32);
  const GgufBytes good_ = {.entries = {architecture_, type_, lora_},
                           .tensors = {a_, b_},
                           .data = ones(6) + ones(8) + ones(8)};
};

TEST_F(GgufAdapterFile, IsReadWhateverTheOrder) {
  const LoraAdapter adapter =
      read(with_tensors({gguf_tensor("blk.5.ffn_up.weight.lora_b", {2, 4}, 0, 0),
                         gguf_tensor("blk.5.ffn_up.weight.lora_a", {3, 2}, 0, 32)}));
  ASSERT_EQ(adapter.pairs.size(), 1U);
  EXPECT_EQ(adapter.pairs[0].module, "model.layers.5.mlp.up_proj");
  EXPECT_EQ(adapter.pairs[0].rank, 2);
  EXPECT_EQ(adapter.pairs[0].in, 3);
  EXPECT_EQ(adapter.pairs[0].out, 4);
}

// llama.cpp: scale = alpha ? alpha / rank : 1.
TEST_F(GgufAdapterFile, AnAlphaOfZeroOrNoneIsAScaleOfOne) {
  const auto scale = [&](const GgufBytes& file) { return read(file).pairs.at(0).scale; };
  EXPECT_EQ(scale(good_), 1.0);
  EXPECT_EQ(scale(with_alpha(gguf_float_entry("adapter.lora.alpha", 0.0F))), 1.0);
  EXPECT_EQ(scale(with_alpha(gguf_float_entry("adapter.lora.alpha", 16.0F))), 8.0);
  EXPECT_EQ(scale(with_alpha(gguf_float_entry("adapter.lora.alpha", -1.0F))), -0.5);
  expect_refused(with_alpha(gguf_entry("adapter.lora.alpha", 4, little_endian(16, 4))),
                 "adapter.lora.alpha is u32, expected f32");
  expect_refused(
      with_alpha(gguf_float_entry("adapter.lora.alpha", std::numeric_limits<float>::infinity())),
      "adapter.lora.alpha is inf");
}

TEST_F(GgufAdapterFile, NamesItsBaseModel) {
  const auto url = [&](const char* text) {
    return read(with_alpha(gguf_text_entry("general.base_model.0.repo_url", text))).base_model;
  };
  EXPECT_EQ(url("https://huggingface.co/example/base"), "example/base");
  EXPECT_EQ(url("https://example.com/base"), "");
  EXPECT_EQ(read(good_).base_model, "");
}

TEST_F(GgufAdapterFile, RefusesWhatIsNoLora) {
  const auto with = [&](const std::vector<std::string>& entries) {
    GgufBytes file = good_;
    file.entries = entries;
    return file;
  };
  expect_refused(with({architecture_, lora_}), "general.type is missing, expected 'adapter'");
  expect_refused(with({architecture_, gguf_text_entry("general.type", "model"), lora_}),
                 "general.type is 'model', expected 'adapter'");
  expect_refused(with({architecture_, type_}), "adapter.type is missing, expected 'lora'");
  expect_refused(with({architecture_, type_, gguf_text_entry("adapter.type", "dora")}),
                 "adapter.type is 'dora', expected 'lora'");
  expect_refused(with({type_, lora_}), "general.architecture is missing");
  expect_refused(with({gguf_entry("general.architecture", 7, "x"), type_, lora_}),
                 "general.architecture is bool, expected a string");
  expect_refused(with({gguf_text_entry("general.architecture", "qwen35"), type_, lora_}),
                 "no linear layer of 'qwen35' that is known");
  expect_refused(with_alpha(gguf_entry("adapter.alora.invocation_tokens", 9,
                                       little_endian(4, 4) + little_endian(0, 8))),
                 "an activated LoRA");
  expect_refused(with_tensors({}), "holds no tensors");
}

TEST_F(GgufAdapterFile, RefusesWrongTensors) {
  const auto pair = [&](const std::string& name) {
    return with_tensors({gguf_tensor(name + ".lora_a", {3, 2}, 0, 0),
                         gguf_tensor(name + ".lora_b", {2, 4}, 0, 32)});
  };
  const auto shapes = [&](const std::vector<std::uint64_t>& a,
                          const std::vector<std::uint64_t>& b) {
    return with_tensors({gguf_tensor("blk.5.ffn_up.weight.lora_a", a, 0, 0),
                         gguf_tensor("blk.5.ffn_up.weight.lora_b", b, 0, 32)});
  };
  expect_refused(with_tensors({a_}), "the pair for 'blk.5.ffn_up.weight' lacks its .lora_b tensor");
  expect_refused(with_tensors({gguf_tensor("blk.5.ffn_up.weight.lora_b", {2, 4}, 0, 0)}),
                 "lacks its .lora_a tensor");
  expect_refused(with_tensors({a_, b_, gguf_tensor("rope_freqs.weight", {8}, 0, 64)}),
                 "tensor 'rope_freqs.weight' has an unexpected suffix");
  expect_refused(with_tensors({a_, b_, gguf_tensor("blk.5.attn_norm.weight", {8}, 0, 64)}),
                 "'blk.5.attn_norm.weight': weights of norms");
  for (const char* name : {"token_embd.weight", "blk.5.ffn_up", "blk.5.other.weight",
                           "blk.5.ffn_up_exps.weight", ""}) {
    expect_refused(pair(name), "is no linear layer of 'qwen2' that is known");
  }
  EXPECT_EQ(read(pair("output.weight")).pairs[0].module, "lm_head");
  expect_refused(shapes({2, 3}, {2, 4}), "(lora_a not transposed?)");
  expect_refused(shapes({3, 2}, {4, 2}), "[2, 3] and [2, 4], expected (rank, in) and (out, rank)");
  expect_refused(shapes({6}, {2, 4}), "has shapes [6] and [4, 2], expected matrices");
  expect_refused(shapes({3, 2}, {2, 2, 2}), "expected matrices");
  expect_refused(with_tensors({gguf_tensor("blk.5.ffn_up.weight.lora_a", {3, 0}, 0, 0),
                               gguf_tensor("blk.5.ffn_up.weight.lora_b", {0, 4}, 0, 0)}),
                 "[0, 3] and [4, 0]");
  expect_refused(with_tensors({a_, gguf_tensor("blk.5.ffn_up.weight.lora_b", {2, 4}, 24, 32)}),
                 "type I8, expected F32");
}

// Nothing of a hostile file reaches the arithmetic of the rows.
TEST_F(GgufAdapterFile, RefusesQueriesWithoutRows) {
  GgufBytes file = with_tensors({gguf_tensor("blk.5.attn_q.weight.lora_a", {3, 2}, 0, 0),
                                 gguf_tensor("blk.5.attn_q.weight.lora_b", {2, 0}, 0, 32)});
  file.entries[0] = gguf_text_entry("general.architecture", "llama");
  expect_refused(file, "[2, 3] and [0, 2]");
}

}  // namespace
}  // namespace dnd::adapter
