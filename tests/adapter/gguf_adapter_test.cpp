#include "adapter/gguf_adapter.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "base/q8_0.h"
#include "base/sha256.h"
#include "base/strings.h"
#include "formats/gguf.h"
#include "support/expect_error.h"
#include "support/interop.h"
#include "support/temp_dir.h"

namespace dnd::adapter {
namespace {

namespace fs = std::filesystem;
using formats::GgufFile;
using testing::interop_adapter;
using testing::interop_path;
using testing::kInteropHeads;
using testing::names_in;
using testing::TempDir;

std::string content(const fs::path& path) { return read_text_file(path, 1U << 20U); }

GgufAdapterOptions options_for(const std::string& architecture) {
  return {.architecture = architecture, .heads = kInteropHeads, .name = "Adapter"};
}

// One small pair: A (rank, 3), B (4, rank), all values 1.
LoraPair pair_of(const std::string& module, std::int64_t rank, double scale) {
  return {.module = module,
          .rank = rank,
          .in = 3,
          .out = 4,
          .a = std::vector<float>(static_cast<std::size_t>(rank) * 3, 1.0F),
          .b = std::vector<float>(static_cast<std::size_t>(rank) * 4, 1.0F),
          .scale = scale};
}

const std::string kUp = "model.layers.0.mlp.up_proj";
const std::string kDown = "model.layers.0.mlp.down_proj";
const std::string kGate = "model.layers.0.mlp.gate_proj";
const std::string kQuery = "model.layers.0.self_attn.q_proj";

class GgufAdapter : public ::testing::Test {
 protected:
  WrittenFile write(const LoraAdapter& adapter, const GgufAdapterOptions& options,
                    OnExisting on_existing = OnExisting::refuse) const {
    return write_gguf_adapter(out_, adapter, options, on_existing);
  }

  // What llama.cpp makes of the first value of each pair's B: value * alpha / rank.
  std::map<std::string, double> effects(const std::vector<LoraPair>& pairs) const {
    write({.pairs = pairs}, options_for("Qwen2ForCausalLM"));
    std::map<std::string, double> effects;
    for (const LoraPair& pair : read_gguf_adapter(out_, {}).pairs) {
      effects[pair.module] = double{pair.b.front()} * pair.scale;
    }
    alpha_ = *GgufFile(out_).number("adapter.lora.alpha");
    fs::remove(out_);
    return effects;
  }

  void expect_refused(const LoraAdapter& adapter, const GgufAdapterOptions& options,
                      const std::string& message) const {
    EXPECT_DND_ERROR(write(adapter, options), ErrorKind::data, "gguf adapter: " + out_.string());
    EXPECT_DND_ERROR(write(adapter, options), ErrorKind::data, message);
    EXPECT_TRUE(names_in(dir_.path()).empty());  // temporary names included
  }
  void expect_refused(const LoraPair& pair, const std::string& message) const {
    expect_refused({.pairs = {pair}}, options_for("LlamaForCausalLM"), message);
  }

  TempDir dir_;
  fs::path out_ = dir_ / "x.gguf";
  mutable double alpha_ = 0.0;
};

TEST_F(GgufAdapter, WritesTheBytesOfLlamaCppsConverter) {
  const std::map<std::string, std::string> bases = {{"llama", "LlamaForCausalLM"},
                                                    {"qwen2", "Qwen2ForCausalLM"}};
  const std::map<std::string, std::uint32_t> types = {
      {"f32", formats::kGgmlF32}, {"f16", formats::kGgmlF16}, {"bf16", formats::kGgmlBf16}};
  for (const auto& [base, architecture] : bases) {
    for (const auto& [name, type] : types) {
      GgufAdapterOptions options = options_for(architecture);
      options.ggml_type = type;
      const WrittenFile written = write(interop_adapter(base), options, OnExisting::replace);
      const fs::path golden = interop_path(base, "adapter-" + name + ".gguf");
      EXPECT_EQ(content(out_), content(golden)) << golden;
      EXPECT_EQ(written.bytes, fs::file_size(golden));
      EXPECT_EQ(written.sha256, sha256_hex_of_file(golden));
    }
  }
}

// As the converter has it: Q8_0 where rows are whole blocks, else F16.
TEST_F(GgufAdapter, Q8FallsBackToF16) {
  GgufAdapterOptions options = options_for("LlamaForCausalLM");
  options.ggml_type = formats::kGgmlQ8;
  const LoraAdapter adapter = interop_adapter("llama");
  write(adapter, options);
  const GgufFile file(out_);
  ASSERT_EQ(file.tensors().size(), 2 * adapter.pairs.size());
  for (std::size_t i = 0; i < adapter.pairs.size(); ++i) {
    const LoraPair& pair = adapter.pairs[i];
    const formats::GgufTensor& a = file.tensors()[2 * i];
    EXPECT_EQ(a.type->name, pair.in == 80 ? "F16" : "Q8_0") << a.name;
    EXPECT_EQ(file.tensors()[2 * i + 1].type->name, "F16");
    if (pair.in == 80) continue;
    std::vector<std::byte> expected(pair.a.size() / kQ8Values * kQ8Bytes);
    quantize_q8_0(pair.a, expected);
    EXPECT_TRUE(std::equal(expected.begin(), expected.end(), a.bytes.begin(), a.bytes.end()));
  }
}

TEST_F(GgufAdapter, WritesItsOwnMetadataAlone) {
  GgufAdapterOptions options = options_for("Qwen2ForCausalLM");
  options.name = "";
  options.metadata = {{"dnd.seed", "7"}, {"dnd.generator", "nano"}, {"format", "pt"}};
  write({.pairs = {pair_of(kUp, 2, 1.0)}}, options);
  const GgufFile file(out_);
  std::string keys;
  for (const auto& [key, value] : file.entries()) keys += key + " ";
  EXPECT_EQ(keys,
            "general.architecture general.type adapter.type adapter.lora.alpha "
            "general.quantization_version dnd.generator dnd.seed dnd.content_sha256 ");
  EXPECT_EQ(file.text("dnd.seed"), "7");
}

TEST_F(GgufAdapter, OneAlphaSaysEveryRank) {
  EXPECT_EQ(effects({pair_of(kUp, 2, 8.0), pair_of(kDown, 4, 4.0)}),
            (std::map<std::string, double>{{kUp, 8.0}, {kDown, 4.0}}));
  EXPECT_EQ(alpha_, 16.0);
  // alpha / rank is no exact number here.
  EXPECT_EQ(effects({pair_of(kUp, 3, 16.0 / 3.0)}).at(kUp), 16.0 / 3.0);
  EXPECT_EQ(alpha_, 16.0);
  // rsLoRA: alpha / sqrt(rank).
  EXPECT_EQ(effects({pair_of(kUp, 16, 8.0 / 4.0)}).at(kUp), 2.0);
  EXPECT_EQ(alpha_, 32.0);
  EXPECT_EQ(effects({pair_of(kUp, 2, -1.0)}).at(kUp), -1.0);
}

TEST_F(GgufAdapter, OddScalesAreFoldedIntoB) {
  EXPECT_EQ(effects({pair_of(kUp, 2, 0.25), pair_of(kDown, 2, 4.0), pair_of(kGate, 2, 4.0)}),
            (std::map<std::string, double>{{kUp, 0.25}, {kDown, 4.0}, {kGate, 4.0}}));
  EXPECT_EQ(alpha_, 8.0);  // that of most pairs
  EXPECT_EQ(effects({pair_of(kUp, 2, 0.25), pair_of(kDown, 2, 4.0)}),
            (std::map<std::string, double>{{kUp, 0.25}, {kDown, 4.0}}));
  EXPECT_EQ(alpha_, 0.5);  // the first of equals
}

// To llama.cpp an alpha of 0 means a scale of 1.
TEST_F(GgufAdapter, AScaleOfZeroIsFoldedToo) {
  EXPECT_EQ(effects({pair_of(kUp, 2, 0.0)}).at(kUp), 0.0);
  EXPECT_EQ(alpha_, 1.0);
  EXPECT_EQ(effects({pair_of(kUp, 2, 0.0), pair_of(kDown, 2, 0.0), pair_of(kGate, 2, 4.0)}),
            (std::map<std::string, double>{{kUp, 0.0}, {kDown, 0.0}, {kGate, 4.0}}));
  EXPECT_EQ(alpha_, 8.0);
  EXPECT_EQ(effects({pair_of(kUp, 1, 1e-42)}).at(kUp), double{1e-42F});  // no normal fp32 number
  EXPECT_EQ(alpha_, 1.0);
}

TEST_F(GgufAdapter, RefusesUnknownArchitectures) {
  for (const char* architecture : {"", "FluxTransformer2DModel", "Qwen3_5ForCausalLM", "\x1b"}) {
    expect_refused({.pairs = {pair_of(kUp, 2, 1.0)}}, options_for(architecture),
                   "known are LlamaForCausalLM, MistralForCausalLM");
  }
}

TEST_F(GgufAdapter, RefusesModulesWithoutAName) {
  for (const char* module :
       {"lm_head", "model.embed_tokens", "model.visual.blocks.0.attn.qkv",
        "single_transformer_blocks.0.attn.to_q", "model.layers.0.self_attn.qkv_proj"}) {
    expect_refused(pair_of(module, 2, 1.0), cat("'", module, "' has no name in a GGUF of 'llama'"));
  }
  const std::string layer(34, '9');
  expect_refused(pair_of("model.layers." + layer + ".self_attn.o_proj", 2, 1.0),
                 "longer than 63 bytes");
  expect_refused({.pairs = {pair_of(kUp, 2, 1.0),
                            pair_of("model.language_model.layers.0.mlp.up_proj", 2, 1.0)}},
                 options_for("LlamaForCausalLM"), "a second pair for 'blk.0.ffn_up.weight'");
}

TEST_F(GgufAdapter, LongestNameFits) {
  const std::string layer(63 - std::string("blk..attn_output.weight.lora_a").size(), '9');
  write({.pairs = {pair_of("model.layers." + layer + ".self_attn.o_proj", 2, 1.0)}},
        options_for("LlamaForCausalLM"));
  EXPECT_EQ(GgufFile(out_).tensors()[0].name.size(), 63U);
}

TEST_F(GgufAdapter, RefusesPairsThatAreNone) {
  LoraPair pair = pair_of(kUp, 2, 1.0);
  pair.magnitude = {1.0F, 1.0F, 1.0F, 1.0F};
  expect_refused(pair, "DoRA magnitudes cannot be expressed in GGUF");
  pair = pair_of(kUp, 2, 1.0);
  pair.a.pop_back();
  expect_refused(pair, "5 and 8 values, rank 2, scale 1 do not make a pair (4, 3)");
  expect_refused(pair_of(kUp, 0, 1.0), "rank 0");
  expect_refused(pair_of(kUp, 2, HUGE_VAL), "scale inf");
  expect_refused(LoraAdapter{}, options_for("LlamaForCausalLM"), "no matrices to write");
}

TEST_F(GgufAdapter, RefusesMissingAndUnfittingHeads) {
  GgufAdapterOptions options = options_for("LlamaForCausalLM");
  options.heads.reset();
  expect_refused({.pairs = {pair_of(kQuery, 2, 1.0)}}, options, "whose number is not known");
  for (const std::int64_t heads : {0, 3, 4, 8}) {
    options.heads = target::AttentionHeads{.attention = heads, .key_value = 1};
    expect_refused({.pairs = {pair_of(kQuery, 2, 1.0)}}, options,
                   cat("4 rows are not ", heads, " heads of an even size"));
  }
  options.heads.reset();
  write({.pairs = {pair_of(kUp, 2, 1.0)}}, options);  // not needed here
}

TEST_F(GgufAdapter, RefusesValuesThatTheTypeCannotHold) {
  GgufAdapterOptions options = options_for("LlamaForCausalLM");
  const auto with = [](float value) {
    LoraPair pair = pair_of(kUp, 32, 1.0);
    pair.b[5] = value;
    return LoraAdapter{.pairs = {pair}};
  };
  expect_refused(
      with(std::nanf("")), options,
      "tensor 'blk.0.ffn_up.weight.lora_b': value nan at position 5 is not finite as F32 "
      "(adapter damaged or untrained?)");
  options.ggml_type = formats::kGgmlF16;
  expect_refused(with(65520.0F), options, "not finite as F16 (choose another --adapter-dtype)");
  options.ggml_type = formats::kGgmlBf16;
  expect_refused(with(3.4e38F), options, "not finite as BF16");
  options.ggml_type = formats::kGgmlQ8;
  expect_refused(with(1e7F), options, "not finite as Q8_0");
  options.ggml_type = formats::kGgmlF32;
  LoraAdapter folded = {.pairs = {pair_of(kDown, 1, 1.0), pair_of(kUp, 1, 1e38)}};
  folded.pairs[1].b[0] = 1e38F;
  expect_refused(folded, options, "value inf at position 0");
}

TEST_F(GgufAdapter, ReplacesOnlyAdapters) {
  const LoraAdapter adapter = {.pairs = {pair_of(kUp, 2, 1.0)}};
  const GgufAdapterOptions options = options_for("Qwen2ForCausalLM");
  write(adapter, options);
  EXPECT_DND_ERROR(write(adapter, options), ErrorKind::cannot_create, "exists");
  write(adapter, options, OnExisting::replace);
  const std::string model =
      formats::GgufWriter::header({{"general.type", formats::gguf_text("model")}}, {});
  for (const std::string& other : {std::string("hello"), model, std::string()}) {
    dir_.file("x.gguf", other);
    EXPECT_DND_ERROR(write(adapter, options, OnExisting::replace), ErrorKind::cannot_create,
                     "is not a GGUF adapter");
    EXPECT_EQ(content(out_), other);
  }
}

TEST_F(GgufAdapter, RefusesOtherTensorTypes) {
  GgufAdapterOptions options = options_for("Qwen2ForCausalLM");
  options.ggml_type = 2;
  EXPECT_DND_ERROR(write({.pairs = {pair_of(kUp, 2, 1.0)}}, options), ErrorKind::internal,
                   "tensor type 2 is not supported");
}

}  // namespace
}  // namespace dnd::adapter
