#include "target/gguf_base.h"

#include <gtest/gtest.h>

#include <fstream>

#include "formats/gguf.h"
#include "formats/gguf_names.h"
#include "support/expect_error.h"
#include "support/target_tables.h"
#include "support/temp_dir.h"

namespace dnd::target {
namespace {

namespace fs = std::filesystem;
using formats::GgufEntries;
using formats::GgufTensorSpec;
using testing::data_path;
using testing::TempDir;

constexpr std::uint32_t kQ4K = 12;

// A real header, the tensor bytes as a hole in the file.
fs::path write_sparse_gguf(const fs::path& path, const GgufEntries& entries,
                           const std::vector<GgufTensorSpec>& specs) {
  const std::string header = formats::GgufWriter::header(entries, specs);
  std::ofstream(path, std::ios::binary) << header;
  const auto padded = [](std::uint64_t size) { return (size + 31) / 32 * 32; };
  std::uint64_t size = padded(header.size());
  for (const GgufTensorSpec& spec : specs) size += padded(spec.byte_size());
  fs::resize_file(path, size);
  return path;
}

GgufEntries entries_of(const std::string& architecture) {
  return {{"general.architecture", formats::gguf_text(architecture)},
          {architecture + ".attention.head_count", formats::gguf_u32(14)},
          {architecture + ".attention.head_count_kv", formats::gguf_u32(2)}};
}

// The model of a target's table as llama.cpp's converter names it.
std::vector<GgufTensorSpec> whole_gguf(const std::vector<Linear>& linears,
                                       const std::string& architecture, std::uint32_t type) {
  std::vector<GgufTensorSpec> specs = {{"token_embd.weight", formats::kGgmlF16, {1000, 64}},
                                       {"output_norm.weight", formats::kGgmlF32, {64}}};
  for (const Linear& linear : linears) {
    const auto name = formats::gguf_tensor_name(architecture, linear.path);
    if (name) specs.push_back({*name + ".weight", type, {linear.out, linear.in}});
  }
  return specs;
}

TEST(GgufBase, HasTheLinearLayersOfItsConfig) {
  for (const auto& [target, architecture] :
       {std::pair("qwen2.5-0.5b-instruct", "qwen2"), std::pair("llama-3.1-8b", "llama"),
        std::pair("gemma-2-2b", "gemma2"), std::pair("phi-3-mini-4k-instruct", "phi3"),
        std::pair("qwen3-8b", "qwen3")}) {
    const TempDir dir;
    const BaseModel config = read_base_model(data_path("targets") / target);
    const auto specs = whole_gguf(config.linears, architecture, formats::kGgmlBf16);
    const BaseModel base =
        read_base_model(write_sparse_gguf(dir / "m.gguf", entries_of(architecture), specs));
    ASSERT_EQ(base.linears.size(), config.linears.size()) << target;
    for (std::size_t i = 0; i < base.linears.size(); ++i) {
      EXPECT_EQ(base.linears[i].path, config.linears[i].path);
      EXPECT_EQ(base.linears[i].in, config.linears[i].in);
      EXPECT_EQ(base.linears[i].out, config.linears[i].out);
    }
    EXPECT_EQ(base.architecture, config.architecture);
    EXPECT_EQ(base.heads->attention, 14);
    EXPECT_EQ(base.heads->key_value, 2);
    EXPECT_EQ(*base.tied_embeddings, true);
    EXPECT_EQ(base.quantization, "");
  }
}

class GgufBaseOf : public ::testing::Test {
 protected:
  BaseModel read(const GgufEntries& entries, const std::vector<GgufTensorSpec>& specs) const {
    return read_base_model(write_sparse_gguf(dir_ / "m.gguf", entries, specs));
  }

  TempDir dir_;
  const std::vector<GgufTensorSpec> query_ = {{"blk.0.attn_q.weight", formats::kGgmlF16, {8, 4}}};
};

TEST_F(GgufBaseOf, TellsQuantisedWeightsAndTheOutputHead) {
  const BaseModel base = read(entries_of("qwen2"), {{"output.weight", formats::kGgmlF16, {9, 4}},
                                                    {"blk.0.attn_q.weight", kQ4K, {8, 256}},
                                                    {"blk.0.attn_v.weight", 8, {8, 256}}});
  EXPECT_EQ(base.quantization, "Q4_K");
  EXPECT_EQ(*base.tied_embeddings, false);
  EXPECT_EQ(base.linears[0].in, 256);
  EXPECT_EQ(base.linears[0].out, 8);
}

TEST_F(GgufBaseOf, HeadsMayBeUnknown) {
  EXPECT_FALSE(read({{"general.architecture", formats::gguf_text("qwen2")}}, query_).heads);
  EXPECT_EQ(read({{"general.architecture", formats::gguf_text("qwen2")},
                  {"qwen2.attention.head_count", formats::gguf_u32(4)}},
                 query_)
                .heads->key_value,
            4);
  GgufEntries zero = entries_of("qwen2");
  zero[1].second = formats::gguf_u32(0);
  EXPECT_FALSE(read(zero, query_).heads);
}

TEST_F(GgufBaseOf, NamesWhatIsNotSupported) {
  EXPECT_DND_ERROR(read(entries_of("rwkv7"), query_), ErrorKind::data,
                   "the names of GGUF architecture 'rwkv7' are not known");
  EXPECT_DND_ERROR(read({}, query_), ErrorKind::data, "architecture ''");
  EXPECT_DND_ERROR(read(entries_of("qwen2"), {{"token_embd.weight", formats::kGgmlF16, {8, 4}}}),
                   ErrorKind::data, "no linear layer among 1 tensors");
  EXPECT_DND_ERROR(
      read(entries_of("qwen2"), {{"blk.0.attn_qkv.weight", formats::kGgmlF16, {8, 4}}}),
      ErrorKind::data, "is q, k and v fused into one");
  EXPECT_DND_ERROR(read(entries_of("qwen2"),
                        {{"blk.0.attn_q.weight", formats::kGgmlF16, {(1LL << 28U) + 1, 1}}}),
                   ErrorKind::data, "expected sizes from 1 to");
  GgufEntries split = entries_of("qwen2");
  split.emplace_back("split.count", formats::gguf_u32(3));
  EXPECT_DND_ERROR(read(split, query_), ErrorKind::data, "is one of 3 parts, but its name says 1");
  EXPECT_DND_ERROR(read_base_model(data_path("interop/llama/adapter-f32.gguf")), ErrorKind::data,
                   "is not a model but 'adapter'");
  EXPECT_DND_ERROR(read_base_model(dir_.file("x.gguf", "GGUF")), ErrorKind::data, "x.gguf");
}

}  // namespace
}  // namespace dnd::target
