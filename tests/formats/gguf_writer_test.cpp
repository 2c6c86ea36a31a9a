#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "base/strings.h"
#include "formats/gguf.h"
#include "support/expect_error.h"
#include "support/gguf_bytes.h"
#include "support/golden.h"
#include "support/temp_dir.h"

namespace dnd::formats {
namespace {

namespace fs = std::filesystem;
using testing::data_path;
using testing::gguf_string;
using testing::parse_gguf_bytes;
using testing::TempDir;
using testing::text_of;

using Shape = std::vector<std::int64_t>;

std::vector<GgufTensorSpec> specs_of(const GgufFile& file) {
  std::vector<GgufTensorSpec> specs;
  for (const GgufTensor& tensor : file.tensors()) {
    specs.push_back({tensor.name, tensor.type->id, tensor.shape});
  }
  return specs;
}

// The bytes of all tensors without padding.
std::string data_of(const GgufFile& file) {
  std::string data;
  for (const GgufTensor& tensor : file.tensors()) data += text_of(tensor.bytes);
  return data;
}

TEST(GgufWriter, WritesTheReferenceWritersBytes) {
  for (const char* base : {"llama", "qwen2"}) {
    for (const char* type : {"f32", "f16", "bf16"}) {
      const fs::path path = data_path(cat("interop/", base, "/adapter-", type, ".gguf"));
      const GgufFile file(path);
      const std::string data = data_of(file);
      for (const std::size_t piece : {std::size_t{7}, std::size_t{300}, data.size()}) {
        const TempDir dir;
        GgufWriter writer(dir / "x", file.entries(), specs_of(file));
        for (std::size_t at = 0; at < data.size(); at += piece) {
          writer.write(
              std::as_bytes(std::span(data)).subspan(at, std::min(piece, data.size() - at)));
        }
        writer.finish();
        EXPECT_EQ(read_text_file(dir / "x", 1U << 20U), read_text_file(path, 1U << 20U)) << path;
      }
    }
  }
}

TEST(GgufWriter, WritesValuesThatTheReaderGivesBack) {
  const std::string texts = gguf_string("one") + gguf_string("two");
  const GgufEntries entries = {
      {"u", gguf_u32(7)},
      {"f", gguf_f32(0.1F)},
      {"t", gguf_text("x")},
      {"b", {GgufType::boolean, true}},
      {"U", {GgufType::u64, std::uint64_t{1} << 40}},
      {"I", {GgufType::i64, std::int64_t{-5}}},
      {"d", {GgufType::f64, 0.1}},
      {"a", {GgufType::array, GgufArray{GgufType::string, 2, std::as_bytes(std::span(texts))}}},
      {"u8", {GgufType::u8, std::uint64_t{200}}},
      {"i8", {GgufType::i8, std::int64_t{-100}}},
      {"u16", {GgufType::u16, std::uint64_t{60000}}},
      {"i16", {GgufType::i16, std::int64_t{-30000}}},
      {"u64", {GgufType::u64, ~std::uint64_t{0}}},
      {"i32", {GgufType::i32, std::int64_t{-2000000000}}}};
  const std::string file = GgufWriter::header(entries, {});
  EXPECT_EQ(file.size() % 32, 0U);
  const GgufContent content = parse_gguf_bytes(file);
  ASSERT_EQ(content.entries.size(), entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    EXPECT_EQ(content.entries[i].first, entries[i].first);
    EXPECT_EQ(content.entries[i].second.type, entries[i].second.type);
    if (i < 7) {
      EXPECT_EQ(content.entries[i].second.value.index(), entries[i].second.value.index());
    }
  }
  EXPECT_EQ(std::get<double>(content.entries[1].second.value), double{0.1F});
  EXPECT_EQ(std::get<std::int64_t>(content.entries[5].second.value), -5);
  EXPECT_EQ(std::get<double>(content.entries[6].second.value), 0.1);
  EXPECT_EQ(text_of(std::get<GgufArray>(content.entries[7].second.value).bytes), texts);
  for (std::size_t i = 8; i < entries.size(); i += 2) {
    EXPECT_EQ(std::get<std::uint64_t>(content.entries[i].second.value),
              std::get<std::uint64_t>(entries[i].second.value));
    EXPECT_EQ(std::get<std::int64_t>(content.entries[i + 1].second.value),
              std::get<std::int64_t>(entries[i + 1].second.value));
  }
}

TEST(GgufWriter, WritesTensorsWithoutBytes) {
  const TempDir dir;
  GgufWriter writer(dir / "x", {}, {{"a", 0, {0}}, {"b", 0, {1}}, {"c", 0, {3, 0}}});
  writer.write(std::as_bytes(std::span("abcd", 4)));
  writer.finish();
  const GgufFile file(dir / "x");
  EXPECT_EQ(text_of(file.find_tensor("b")->bytes), "abcd");
  EXPECT_EQ(file.find_tensor("c")->shape, (Shape{3, 0}));
  GgufWriter nothing(dir / "y", {}, {});
  nothing.finish();
  EXPECT_TRUE(GgufFile(dir / "y").tensors().empty());
}

TEST(GgufWriter, RefusesOurOwnMistakes) {
  const TempDir dir;
  const std::vector<GgufTensorSpec> specs = {{"a", kGgmlF32, {2}}};
  const auto header = [](const GgufEntries& entries, const std::vector<GgufTensorSpec>& tensors) {
    return GgufWriter::header(entries, tensors);
  };
  EXPECT_DND_ERROR(header({}, {specs[0], specs[0]}), ErrorKind::internal, "'a' is taken");
  EXPECT_DND_ERROR(header({}, {{std::string(64, 'n'), 0, {2}}}), ErrorKind::internal, "too long");
  EXPECT_DND_ERROR(header({}, {{"a", 0, {INT64_MAX, 4}}}), ErrorKind::internal,
                   "cannot be written");
  EXPECT_DND_ERROR(header({}, {{"a", 4, {2}}}), ErrorKind::internal, "of type 4 cannot");
  EXPECT_DND_ERROR(header({}, {{"a", kGgmlQ8, {32, 2}}}), ErrorKind::internal, "cannot be written");
  EXPECT_DND_ERROR(header({}, {{"a", 0, {1, 1, 1, 1, 1}}}), ErrorKind::internal, "cannot be");
  for (const char* key : {"", "general.alignment"}) {
    EXPECT_DND_ERROR(header({{key, gguf_u32(1)}}, {}), ErrorKind::internal, "not allowed");
  }
  EXPECT_DND_ERROR(header({{"k", gguf_u32(1)}, {"k", gguf_u32(1)}}, {}), ErrorKind::internal,
                   "'k' is taken");
  GgufWriter writer(dir / "x", {}, specs);
  EXPECT_DND_ERROR(writer.finish(), ErrorKind::internal, "0 of 8 bytes written");
  EXPECT_DND_ERROR(writer.write(std::as_bytes(std::span("123456789", 9))), ErrorKind::internal,
                   "1 bytes more than announced");
  EXPECT_DND_ERROR(GgufWriter(dir / "x", {}, specs), ErrorKind::cannot_create, "exists");
}

TEST(GgufWriter, TheObserverSeesEveryByte) {
  const TempDir dir;
  GgufWriter writer(dir / "x", {{"t", gguf_text("x")}}, {{"a", kGgmlF16, {3}}});
  std::string seen;
  writer.observe([&](std::span<const std::byte> bytes) { seen += text_of(bytes); });
  writer.write(std::as_bytes(std::span("uvwxyz", 6)));
  writer.finish();
  EXPECT_EQ(seen, read_text_file(dir / "x", 1000));
  EXPECT_EQ(seen.size() % 32, 0U);
}

}  // namespace
}  // namespace dnd::formats
