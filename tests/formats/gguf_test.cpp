#include "formats/gguf.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "base/random.h"
#include "base/strings.h"
#include "support/expect_error.h"
#include "support/gguf_bytes.h"
#include "support/golden.h"
#include "support/sanitizers.h"
#include "support/temp_dir.h"

namespace dnd::formats {
namespace {

using testing::data_path;
using testing::gguf_entry;
using testing::gguf_float_entry;
using testing::gguf_string;
using testing::gguf_tensor;
using testing::gguf_text_entry;
using testing::GgufBytes;
using testing::little_endian;
using testing::parse_gguf_bytes;
using testing::TempDir;
using testing::text_of;

using Shape = std::vector<std::int64_t>;

void expect_refused(const std::string& file, const std::string& message) {
  EXPECT_DND_ERROR(parse_gguf_bytes(file), ErrorKind::data, "gguf: x.gguf: ");
  EXPECT_DND_ERROR(parse_gguf_bytes(file), ErrorKind::data, message);
}

void expect_refused(const GgufBytes& file, const std::string& message) {
  expect_refused(file.done(), message);
}

const std::string kOneTensor = gguf_tensor("a", {4}, kGgmlF32, 0);

GgufBytes with_entry(const std::string& entry) { return {.entries = {entry}}; }

GgufBytes with_tensors(std::vector<std::string> tensors, std::size_t data_bytes) {
  return {.tensors = std::move(tensors), .data = std::string(data_bytes, 'x')};
}

// --- Right files ---

TEST(GgufReader, ReadsWhatLlamaCppsConverterWrote) {
  const GgufFile file(data_path("interop/llama/adapter-f16.gguf"));
  EXPECT_EQ(file.version(), 3U);
  EXPECT_EQ(file.alignment(), 32U);
  EXPECT_EQ(file.entries().size(), 6U);
  EXPECT_EQ(file.entries()[0].first, "general.architecture");
  EXPECT_EQ(file.text("general.architecture"), "llama");
  EXPECT_EQ(file.number("adapter.lora.alpha"), 8.0);
  EXPECT_EQ(file.integer("general.quantization_version"), 2);
  EXPECT_EQ(file.text("none"), std::nullopt);
  EXPECT_EQ(file.integer("none"), std::nullopt);
  EXPECT_EQ(file.number("none"), std::nullopt);
  EXPECT_EQ(file.tensors().size(), 28U);
  const GgufTensor* tensor = file.find_tensor("blk.1.ffn_down.weight.lora_b");
  ASSERT_NE(tensor, nullptr);
  EXPECT_EQ(tensor->shape, (Shape{32, 4}));
  EXPECT_EQ(tensor->type->name, "F16");
  EXPECT_EQ(tensor->bytes.size(), 256U);
  EXPECT_EQ(file.find_tensor("blk.2.ffn_down.weight.lora_b"), nullptr);
}

TEST(GgufReader, FindsEverythingAfterAMove) {
  GgufFile file(data_path("interop/llama/adapter-f32.gguf"));
  const std::vector<float> before = file.read_f32(file.tensors().back());
  const GgufFile moved(std::move(file));
  EXPECT_EQ(moved.text("general.type"), "adapter");
  EXPECT_EQ(moved.read_f32(moved.tensors().back()), before);
}

TEST(GgufReader, ReadsEveryTypeOfValue) {
  const GgufContent content = parse_gguf_bytes(GgufBytes{
      .entries = {gguf_entry("u8", 0, "\xff"), gguf_entry("i8", 1, "\xff"),
                  gguf_entry("u16", 2, "\xfe\xff"), gguf_entry("i16", 3, "\xfe\xff"),
                  gguf_entry("u32", 4, little_endian(0xFFFFFFFD, 4)),
                  gguf_entry("i32", 5, little_endian(0xFFFFFFFD, 4)), gguf_float_entry("f32", 0.1F),
                  gguf_entry("yes", 7, "\x02"), gguf_entry("no", 7, std::string(1, '\0')),
                  gguf_text_entry("text", "h\xc3\xa9"), gguf_text_entry("empty", ""),
                  gguf_entry("u64", 10, std::string(8, '\xff')),
                  gguf_entry("i64", 11, std::string(8, '\xff')),
                  gguf_entry("f64", 12, little_endian(0x3FF8000000000000, 8))}}
                                                   .done());
  ASSERT_EQ(content.entries.size(), 14U);
  const auto is = [&](std::size_t i, const auto& expected) {
    return std::get<std::decay_t<decltype(expected)>>(content.entries[i].second.value) == expected;
  };
  EXPECT_TRUE(is(0, std::uint64_t{255}));
  EXPECT_TRUE(is(1, std::int64_t{-1}));
  EXPECT_TRUE(is(2, std::uint64_t{65534}));
  EXPECT_TRUE(is(3, std::int64_t{-2}));
  EXPECT_TRUE(is(4, std::uint64_t{4294967293}));
  EXPECT_TRUE(is(5, std::int64_t{-3}));
  EXPECT_TRUE(is(6, double{0.1F}));
  EXPECT_TRUE(is(7, true));
  EXPECT_TRUE(is(8, false));
  EXPECT_TRUE(is(9, std::string("h\xc3\xa9")));
  EXPECT_TRUE(is(10, std::string()));
  EXPECT_TRUE(is(11, std::numeric_limits<std::uint64_t>::max()));
  EXPECT_TRUE(is(12, std::int64_t{-1}));
  EXPECT_TRUE(is(13, 1.5));
}

TEST(GgufReader, DecodesArraysOnDemand) {
  const std::string texts = gguf_string("one") + gguf_string("") + gguf_string("three");
  const std::string file =
      GgufBytes{.entries = {gguf_entry("t", 9, little_endian(8, 4) + little_endian(3, 8) + texts),
                            gguf_entry("n", 9, little_endian(3, 4) + little_endian(2, 8) + "abcd"),
                            gguf_entry("e", 9, little_endian(6, 4) + little_endian(0, 8))}}
          .done();
  const GgufContent content = parse_gguf_bytes(file);
  const auto array = [&](std::size_t i) {
    return std::get<GgufArray>(content.entries[i].second.value);
  };
  EXPECT_EQ(array(0).count, 3U);
  EXPECT_EQ(array(0).bytes.size(), texts.size());
  const auto first = gguf_elements(array(0), 2);
  ASSERT_EQ(first.size(), 2U);
  EXPECT_EQ(std::get<std::string>(first[0].value), "one");
  EXPECT_EQ(gguf_elements(array(0), 9).size(), 3U);
  EXPECT_EQ(std::get<std::int64_t>(gguf_elements(array(1), 9).at(1).value), 0x6463);
  EXPECT_TRUE(gguf_elements(array(2), 9).empty());
}

TEST(GgufReader, GettersCheckTheType) {
  const TempDir dir;
  const GgufFile file(dir.file(
      "x",
      GgufBytes{.entries = {gguf_text_entry("t", "x"), gguf_entry("u", 10, std::string(8, '\xff')),
                            gguf_entry("i", 1, "\xff"), gguf_float_entry("f", 0.5F)}}
          .done()));
  EXPECT_DND_ERROR((void)file.integer("t"), ErrorKind::data, "x: t is string, expected an integer");
  EXPECT_DND_ERROR((void)file.number("t"), ErrorKind::data, "t is string, expected a number");
  EXPECT_DND_ERROR((void)file.text("i"), ErrorKind::data, "i is i8, expected a string");
  EXPECT_DND_ERROR((void)file.integer("u"), ErrorKind::data, "expected less than 2^63");
  EXPECT_DND_ERROR((void)file.integer("f"), ErrorKind::data, "f is f32, expected an integer");
  EXPECT_EQ(file.integer("i"), -1);
  EXPECT_EQ(file.number("i"), -1.0);
  EXPECT_EQ(file.number("u"), 0x1p64);
  EXPECT_EQ(file.number("f"), 0.5);
}

TEST(GgufReader, TensorsFollowEachOtherPadded) {
  const std::string file =
      GgufBytes{.tensors = {gguf_tensor("a", {3, 2}, kGgmlF32, 0), gguf_tensor("", {0, 5}, 1, 32),
                            gguf_tensor("s", {}, kGgmlF32, 32), gguf_tensor("q", {32, 2}, 8, 64)},
                .data = std::string(24, 'a') + std::string(8, '-') + "ssss" + std::string(28, '-') +
                        std::string(68, 'q')}
          .done();
  const GgufContent content = parse_gguf_bytes(file);
  ASSERT_EQ(content.tensors.size(), 4U);
  EXPECT_EQ(content.tensors[0].shape, (Shape{2, 3}));
  EXPECT_EQ(text_of(content.tensors[0].bytes), std::string(24, 'a'));
  EXPECT_EQ(content.tensors[1].shape, (Shape{5, 0}));
  EXPECT_TRUE(content.tensors[1].bytes.empty());
  EXPECT_EQ(content.tensors[2].shape, Shape{});
  EXPECT_EQ(text_of(content.tensors[2].bytes), "ssss");
  EXPECT_EQ(text_of(content.tensors[3].bytes), std::string(68, 'q'));
}

TEST(GgufReader, TakesAnotherAlignmentAndVersion2) {
  const std::string entry = gguf_entry("general.alignment", 4, little_endian(64, 4));
  GgufBytes file = {.version = 2,
                    .entries = {entry},
                    .tensors = {kOneTensor, gguf_tensor("b", {4}, kGgmlF32, 64)},
                    .data = std::string(80, 'x'),
                    .alignment = 64};
  const GgufContent content = parse_gguf_bytes(file.done());
  EXPECT_EQ(content.alignment, 64U);
  EXPECT_EQ(content.version, 2U);
  file.tensors[1] = gguf_tensor("b", {4}, kGgmlF32, 32);
  expect_refused(file, "tensor 'b': offset 32, expected 64");
}

TEST(GgufReader, ReadsFloatsAsF32) {
  const TempDir dir;
  const std::string block = std::string("\x00\x3c", 2) + std::string(32, '\xff');
  const GgufFile file(dir.file(
      "x",
      GgufBytes{.tensors = {gguf_tensor("f32", {1}, 0, 0), gguf_tensor("f16", {1}, 1, 32),
                            gguf_tensor("bf16", {1}, 30, 64), gguf_tensor("q", {32}, 8, 96),
                            gguf_tensor("iq", {256}, 16, 160)},
                .data = little_endian(0x3F000000, 4) + std::string(28, ' ') +
                        little_endian(0x3800, 2) + std::string(30, ' ') + little_endian(0x3F00, 2) +
                        std::string(30, ' ') + block + std::string(30, ' ') + std::string(66, ' ')}
          .done()));
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(file.read_f32(file.tensors()[i]), std::vector<float>{0.5F});
  }
  EXPECT_EQ(file.read_f32(file.tensors()[3]), std::vector<float>(32, -1.0F));
  EXPECT_DND_ERROR(file.read_f32(file.tensors()[4]), ErrorKind::data,
                   "tensor 'iq': type IQ2_XXS, expected");
}

TEST(GgufReader, KnowsTheTensorTypes) {
  EXPECT_EQ(find_ggml_type(kGgmlQ8)->block_bytes, 34U);
  EXPECT_EQ(find_ggml_type(14)->name, "Q6_K");
  EXPECT_EQ(find_ggml_type(14)->block_bytes, 210U);
  for (const std::uint32_t removed : {4U, 5U, 31U, 32U, 33U, 36U, 37U, 38U, 43U, 0xFFFFFFFFU}) {
    EXPECT_EQ(find_ggml_type(removed), nullptr) << removed;
  }
}

// --- Wrong files ---

TEST(GgufReader, ChecksTheFileItself) {
  const TempDir dir;
  EXPECT_DND_ERROR(GgufFile(dir / "none"), ErrorKind::no_input, "none");
  EXPECT_DND_ERROR(GgufFile(dir.path()), ErrorKind::no_input, "is a folder");
  EXPECT_DND_ERROR(GgufFile(dir.file("x", "")), ErrorKind::data, "the magic needs 4 bytes");
}

TEST(GgufReader, RefusesOtherVersionsAndByteOrders) {
  expect_refused(GgufBytes{.magic = "GG\x1bX"}, "begins with 'GG\\x1bX', expected 'GGUF'");
  for (const std::uint32_t version : {0U, 1U, 4U}) {
    expect_refused(GgufBytes{.version = version}, "expected 2 or 3");
  }
  expect_refused(GgufBytes{.version = 0x03000000}, "a file for a big-endian machine?");
}

TEST(GgufReader, RefusesCountsThatTheFileCannotHold) {
  for (const std::uint64_t count : {std::uint64_t{1}, std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
    expect_refused(GgufBytes{.extra_entries = count}, cat(count, " entries announced"));
    expect_refused(GgufBytes{.extra_tensors = count}, cat(count, " tensors announced"));
  }
  GgufBytes file = with_entry(gguf_text_entry("k", std::string(100, ' ')));
  file.extra_entries = 1;
  expect_refused(file, "key 1 needs 8 bytes");
  file = with_tensors({kOneTensor}, 16);
  file.extra_tensors = 1;
  expect_refused(file, "name of tensor 1");
}

TEST(GgufReader, RefusesWrongEntries) {
  const std::string one = gguf_entry("k", 0, "x");
  expect_refused(GgufBytes{.entries = {one, one}}, "key 'k' comes twice");
  expect_refused(with_entry(gguf_entry("", 0, "xx")), "key 0 is empty");
  expect_refused(with_entry(gguf_entry("k", 13, "x")), "key 'k': value type 13, expected 0 to 12");
  expect_refused(with_entry(gguf_entry("k", 0xFFFFFFFF, "x")), "value type 4294967295");
  for (const std::uint64_t size : {std::uint64_t{2}, std::uint64_t{1} << 30}) {
    expect_refused(with_entry(gguf_entry("k", 8, little_endian(size, 8) + "x")),
                   cat("key 'k' needs ", size, " bytes"));
  }
  for (const std::uint64_t size : {(std::uint64_t{1} << 30) + 1, ~std::uint64_t{0}}) {
    expect_refused(with_entry(gguf_entry("k", 8, little_endian(size, 8))),
                   cat("a string of ", size, " bytes, at most 1073741824"));
    expect_refused(with_entry(little_endian(size, 8) + std::string(8, ' ')), "key 0: a string of");
  }
  expect_refused(with_entry(gguf_entry("\x1b[2J", 13, "x")), "key '\\x1b[2J'");
}

TEST(GgufReader, RefusesWrongArrays) {
  const auto array = [](std::uint32_t type, std::uint64_t count, const std::string& bytes) {
    return with_entry(gguf_entry("k", 9, little_endian(type, 4) + little_endian(count, 8) + bytes));
  };
  expect_refused(array(9, 1, std::string(20, ' ')), "an array of arrays");
  expect_refused(array(13, 1, "x"), "value type 13");
  expect_refused(array(0, 2, "x"), "key 'k' needs 2 bytes");
  expect_refused(array(4, std::uint64_t{1} << 62, "xxxx"), "overflows");
  expect_refused(array(10, (std::uint64_t{1} << 61) + 1, std::string(8, ' ')), "overflows");
  expect_refused(array(0, ~std::uint64_t{0}, "x"), "key 'k' needs 18446744073709551615 bytes");
  expect_refused(array(8, ~std::uint64_t{0}, std::string(8, '\0')), "18446744073709551615 strings");
  expect_refused(array(8, 2, std::string(8, '\0')), "an array of 2 strings in 8 bytes");
  expect_refused(array(8, 1, little_endian(~std::uint64_t{0} - 7, 8)), "a string of");
  expect_refused(array(8, 2, gguf_string("x") + gguf_string("").substr(1)), "needs 8 bytes");
}

TEST(GgufReader, RefusesWrongAlignments) {
  for (const std::uint32_t alignment : {0U, 3U, 48U, 0xFFFFFFFFU}) {
    expect_refused(with_entry(gguf_entry("general.alignment", 4, little_endian(alignment, 4))),
                   cat("general.alignment is ", alignment, ", expected a power of two"));
  }
  expect_refused(with_entry(gguf_entry("general.alignment", 10, little_endian(32, 8))),
                 "general.alignment is u64, expected u32");
  const std::string huge = gguf_entry("general.alignment", 4, little_endian(1U << 31U, 4));
  EXPECT_EQ(parse_gguf_bytes(with_entry(huge).done()).alignment,
            1U << 31U);  // no data: nothing to align
  expect_refused(
      GgufBytes{.entries = {huge}, .tensors = {kOneTensor}, .data = std::string(16, 'x')},
      "the padding before the data");
}

TEST(GgufReader, RefusesWrongNamesAndShapes) {
  const auto one = [](const std::string& tensor) { return with_tensors({tensor}, 64); };
  expect_refused(one(gguf_tensor(std::string(64, 'n'), {4}, 0, 0)),
                 "a name of 64 bytes, at most 63");
  EXPECT_EQ(
      parse_gguf_bytes(one(gguf_tensor(std::string(63, 'n'), {4}, 0, 0)).done()).tensors.size(),
      1U);
  expect_refused(one(gguf_tensor(std::string("a\0b", 3), {4}, 0, 0)), "a NUL byte in the name");
  expect_refused(with_tensors({kOneTensor, gguf_tensor("a", {4}, 0, 32)}, 64),
                 "tensor 'a' comes twice");
  expect_refused(one(gguf_tensor("a", {1, 1, 1, 1, 1}, 0, 0)),
                 "tensor 'a': 5 dimensions, at most 4");
  expect_refused(one(gguf_tensor("a", {~std::uint64_t{0}}, 0, 0)), "dimension of -1 elements");
  const std::uint64_t half = std::uint64_t{1} << 32;
  expect_refused(one(gguf_tensor("a", {half, half}, 0, 0)), "overflows");
  expect_refused(one(gguf_tensor("a", {half, half, half, half}, 0, 0)), "overflows");
  expect_refused(one(gguf_tensor("a", {(std::uint64_t{1} << 63) - 1}, 24, 0)), "overflows");
  expect_refused(one(gguf_tensor("a", {half, half, 0}, 0, 0)), "overflows");
  expect_refused(one(gguf_tensor("a", {std::uint64_t{1} << 62}, 27, 0)), "overflows in bytes");
  expect_refused(one(gguf_tensor("a", {48}, 8, 0)),
                 "rows of 48 elements, Q8_0 needs a multiple of 32");
  expect_refused(one(gguf_tensor("a", {}, 8, 0)), "rows of 1 elements");
  for (const std::uint32_t type : {4U, 31U, 43U, 0x80000000U}) {
    expect_refused(one(gguf_tensor("a", {32}, type, 0)), cat("unknown tensor type ", type));
  }
}

TEST(GgufReader, RefusesTensorsThatDoNotLieInARow) {
  const auto two = [](std::uint64_t offset) {
    return with_tensors({kOneTensor, gguf_tensor("b", {4}, kGgmlF32, offset)}, 64);
  };
  EXPECT_EQ(parse_gguf_bytes(two(32).done()).tensors.size(), 2U);
  expect_refused(two(0), "tensor 'b': offset 0, expected 32 (overlaps the tensor before it)");
  expect_refused(two(16), "offset 16, expected 32 (overlaps");
  expect_refused(two(64), "offset 64, expected 32 (leaves a hole)");
  expect_refused(two(~std::uint64_t{0}), "leaves a hole");
  expect_refused(with_tensors({gguf_tensor("a", {4}, 0, 32)}, 64), "offset 32, expected 0");
}

TEST(GgufReader, RefusesTensorsOutsideTheFile) {
  expect_refused(with_tensors({kOneTensor}, 15),
                 "tensor 'a': 16 bytes from 0 on, the file has 15 bytes of data");
  EXPECT_EQ(parse_gguf_bytes(with_tensors({kOneTensor}, 16).done()).tensors.size(), 1U);
  expect_refused(with_tensors({kOneTensor, gguf_tensor("b", {4}, 0, 32)}, 47), "tensor 'b': 16");
  expect_refused(with_tensors({gguf_tensor("a", {std::uint64_t{1} << 40}, 0, 0)}, 64),
                 "4398046511104 bytes from 0 on");
  expect_refused(with_tensors({kOneTensor, gguf_tensor("b", {0}, 0, 32)}, 16),
                 "tensor 'b': 0 bytes from 32 on");
}

std::string golden_bytes() {
  return read_text_file(data_path("interop/llama/adapter-f16.gguf"), 1U << 20U);
}

TEST(GgufReader, RefusesEveryTruncation) {
  const std::string whole = golden_bytes();
  const std::size_t last = parse_gguf_bytes(whole).tensors.back().bytes.size() % 32;
  const std::size_t needed = whole.size() - (last == 0 ? 0 : 32 - last);
  for (std::size_t size = 0; size < needed; size += testing::kSanitized ? 7 : 1) {
    EXPECT_THROW(parse_gguf_bytes(whole.substr(0, size)), Error) << size;
  }
  EXPECT_EQ(parse_gguf_bytes(whole.substr(0, needed)).tensors.size(),
            28U);  // the last padding may be absent
}

// Whatever a byte does, the file is read or refused with an Error, and tensors lie inside it.
TEST(GgufReader, SurvivesChangedFiles) {
  const std::string whole = golden_bytes();
  const std::size_t header = whole.size() - 28 * 288;
  SplitMix64 random(7);
  for (int i = 0; i < testing::changed_inputs(20000); ++i) {
    std::string bad = whole;
    const std::size_t at = random.below(i % 4 == 0 ? bad.size() : header);
    bad[at] = static_cast<char>(i % 2 == 0 ? random.next() : "\x00\x01\x7f\x80\xff"[i % 5]);
    try {
      for (const GgufTensor& tensor : parse_gguf_bytes(bad).tensors) {
        EXPECT_LE(tensor.bytes.data() + tensor.bytes.size(),
                  std::as_bytes(std::span(bad)).data() + bad.size());
      }
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::data);
    }
  }
}

}  // namespace
}  // namespace dnd::formats
