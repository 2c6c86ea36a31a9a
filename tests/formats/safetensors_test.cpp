#include "formats/safetensors.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>

#include "base/random.h"
#include "support/expect_error.h"
#include "support/sanitizers.h"
#include "support/temp_dir.h"
#include "support/zip_writer.h"

namespace dnd::formats {
namespace {

namespace fs = std::filesystem;
using testing::little_endian;
using testing::TempDir;

const fs::path kFiles = fs::path(DND_TEST_DATA) / "safetensors";

std::string file_of(std::string_view header, std::string_view data = "") {
  return little_endian(header.size(), 8) + std::string(header) + std::string(data);
}

SafetensorsHeader parse(const std::string& file) {
  return parse_safetensors(std::as_bytes(std::span(file)), "x.st");
}

void expect_refused_header(const std::string& file, const std::string& message) {
  EXPECT_DND_ERROR(parse(file), ErrorKind::data, "safetensors: x.st: ");
  EXPECT_DND_ERROR(parse(file), ErrorKind::data, message);
}

// The text of one entry of a header.
std::string entry(const std::string& name, const std::string& dtype, const std::string& shape,
                  const std::string& offsets) {
  return "\"" + name + R"(":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" +
         offsets + "}";
}

std::string object(const std::string& entries) { return "{" + entries + "}"; }

const std::string kOne = entry("a", "F32", "[1]", "[0,4]");
const std::string kTwo = kOne + "," + entry("b", "F32", "[1]", "[4,8]");

TEST(SafetensorsReader, ReadsWhatTheReferenceWrote) {
  const SafetensorsFile file(kFiles / "order.safetensors");
  EXPECT_EQ(file.metadata(), (Metadata{{"format", "pt"}}));
  EXPECT_EQ(file.tensors().size(), 26U);
  EXPECT_EQ(file.tensors().front().name, "a of uint64");
  const TensorView& tensor = file.at("b of int16");
  EXPECT_EQ(tensor.dtype, Dtype::i16);
  EXPECT_EQ(tensor.shape, (Shape{3, 1}));
  ASSERT_EQ(tensor.bytes.size(), 6U);
  for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(tensor.bytes[i], std::byte(i));
  EXPECT_EQ(file.find("c"), nullptr);
  EXPECT_DND_ERROR(file.at("b of imt16"), ErrorKind::data, "(there is 'b of int16')");
}

TEST(SafetensorsReader, FindsTensorsAfterAMove) {
  SafetensorsFile file(kFiles / "shapes.safetensors");
  const SafetensorsFile moved(std::move(file));
  EXPECT_EQ(moved.at("").bytes.size(), 5U);
  EXPECT_EQ(moved.at("scalar").shape, Shape{});
  EXPECT_EQ(moved.at("none").bytes.size(), 0U);
  EXPECT_EQ(moved.at("none").shape, (Shape{2, 0, 3}));
}

TEST(SafetensorsReader, ReadsFloatsAsF32) {
  const SafetensorsFile file(kFiles / "shapes.safetensors");
  const Shape wrong = {2};
  EXPECT_EQ(file.read_f32("one"), std::vector<float>{f16_to_f32(0x0100)});
  EXPECT_EQ(file.read_f32("none"), std::vector<float>{});
  EXPECT_DND_ERROR(file.read_f32("one", &wrong), ErrorKind::data, "shape [1], expected [2]");
  EXPECT_DND_ERROR(file.read_f32(""), ErrorKind::data, "dtype U8, expected a float type");
}

TEST(SafetensorsReader, ChecksTheFileItself) {
  const TempDir dir;
  EXPECT_DND_ERROR(SafetensorsFile(dir / "none"), ErrorKind::no_input, "none");
  EXPECT_DND_ERROR(SafetensorsFile(dir.path()), ErrorKind::no_input, "is a folder");
  EXPECT_DND_ERROR(SafetensorsFile(dir.file("x", "")), ErrorKind::data, "header too small");
}

// The rows of the reference reader's checks, in its order.
TEST(SafetensorsReader, RefusesWhatTheReferenceRefuses) {
  const std::string four(4, 'x');
  expect_refused_header("", "header too small: the file has 0 bytes");
  expect_refused_header("1234567", "header too small: the file has 7 bytes");
  expect_refused_header(little_endian(100'000'001, 8) + "{}", "header too large: 100000001 bytes");
  expect_refused_header(std::string(8, '\xff'), "header too large");
  expect_refused_header(little_endian(3, 8) + "{}",
                        "invalid header length: 3 bytes announced, 2 left");
  expect_refused_header(file_of("{\"\xff\":1}"), "invalid header: not UTF-8");
  expect_refused_header(file_of("{"), "invalid header: not valid JSON");
  expect_refused_header(file_of("[]"), "invalid header: expected an object, got array");
  expect_refused_header(file_of("{\"a\":1}"), "tensor 'a': expected an object, got number");
  expect_refused_header(file_of(object(entry("a", "F23", "[1]", "[0,4]")), four),
                        "unknown dtype 'F23'");
  expect_refused_header(file_of(object(entry("a", "F32", "[-1]", "[0,4]")), four),
                        "tensor 'a': 'shape'");
  expect_refused_header(file_of(object(entry("a", "F32", "[1.0]", "[0,4]")), four), "got 1.0");
  expect_refused_header(file_of(object(entry("a", "F32", "[1]", "[0]")), four),
                        "has 1 numbers, expected 2");
  expect_refused_header(file_of(object(entry("a", "F32", "[1]", "[1,5]")), four + "x"),
                        "leaves a hole");
  expect_refused_header(
      file_of(object(kOne + "," + entry("b", "F32", "[1]", "[5,9]")), std::string(9, 'x')),
      "tensor 'b': data_offsets [5, 9): invalid offset: expected to begin at 4");
  expect_refused_header(
      file_of(object(kOne + "," + entry("b", "F32", "[1]", "[2,6]")), std::string(6, 'x')),
      "overlaps the tensor before it");
  expect_refused_header(file_of(object(kOne + "," + entry("b", "F32", "[1]", "[0,4]")), four),
                        "overlaps");
  expect_refused_header(file_of(object(entry("a", "F32", "[0]", "[0,-1]"))), "'data_offsets'");
  expect_refused_header(file_of(object(kOne + "," + entry("b", "F32", "[0]", "[4,3]")), four),
                        "not to end before it begins");
  expect_refused_header(
      file_of(object(entry("a", "F32", "[4294967296,4294967296]", "[0,4]")), four),
      "shape [4294967296, 4294967296] overflows");
  expect_refused_header(file_of(object(entry("a", "F64", "[576460752303423488]", "[0,4]")), four),
                        "overflows");
  expect_refused_header(file_of(object(entry("a", "F4", "[3]", "[0,1]")), "x"),
                        "does not fill whole bytes");
  expect_refused_header(file_of(object(entry("a", "F32", "[2]", "[0,4]")), four),
                        "hold 4 bytes, shape [2] F32 needs 8 (file truncated?)");
  expect_refused_header(file_of(object(kOne), "123"), "incomplete buffer: tensor 'a'");
  expect_refused_header(file_of(object(kOne), "12345"), "tensors cover 4 of 5 data bytes");
  expect_refused_header(file_of("{}", "x"), "tensors cover 0 of 1 data bytes");
}

TEST(SafetensorsReader, RefusesTheReferencesCornerCases) {
  const std::string four(4, 'x');
  const auto one_with = [&](const std::string& more) { return object(kOne + "," + more); };
  expect_refused_header(file_of(object(kOne) + std::string(1, '\0'), four), "a NUL byte");
  expect_refused_header(file_of("\xEF\xBB\xBF" + object(kOne), four), "byte-order mark");
  expect_refused_header(little_endian(0, 8), "not valid JSON");
  expect_refused_header(file_of(one_with(R"("__metadata__":{},"__metadata__":{})"), four),
                        "duplicate key");
  expect_refused_header(file_of(object(entry("__metadata__", "F32", "[1]", "[0,4]")), four),
                        "__metadata__");
  expect_refused_header(file_of(one_with(R"("__metadata__":{"a":1})"), four),
                        "expected a string, got number");
  expect_refused_header(file_of(one_with(R"("__metadata__":[])"), four),
                        "expected an object, got array");
  expect_refused_header(
      file_of(R"({"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}})", four),
      "duplicate key 'dtype'");
  expect_refused_header(file_of(R"({"a":{"shape":[1],"data_offsets":[0,4]}})", four),
                        "'dtype' is missing");
  for (const char* shape :
       {"[2.0]", "[2e0]", "[\"1\"]", "[null]", "1", "null", "[18446744073709551616]"}) {
    expect_refused_header(file_of(object(entry("a", "F32", shape, "[0,4]")), four), "shape");
  }
  expect_refused_header(file_of(object(entry("a", "f32", "[1]", "[0,4]")), four),
                        "unknown dtype 'f32'");
  expect_refused_header(file_of(object(entry("a", "F32", "[1]", "[0,4,4]")), four),
                        "has 3 numbers");
  expect_refused_header(file_of(object(entry("\\ud800", "F32", "[1]", "[0,4]")), four),
                        "not valid JSON");
  const std::string deep = std::string(128, '[') + std::string(128, ']');
  expect_refused_header(
      file_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":)" + deep + "}}", four),
      "nested deeper");
}

// The one point where we are stricter: parsers differ in which of two equal keys they believe.
TEST(SafetensorsReader, RefusesDuplicateKeysEverywhere) {
  expect_refused_header(file_of(object(kOne + "," + kOne), "1234"), "duplicate key 'a'");
  expect_refused_header(file_of(R"({"__metadata__":{"k":"1","k":"2"}})"), "duplicate key 'k'");
}

TEST(SafetensorsReader, AcceptsTheReferencesCornerCases) {
  const auto accepted = [](const std::string& header, std::size_t bytes, std::size_t tensors) {
    EXPECT_EQ(parse(file_of(header, std::string(bytes, 'x'))).tensors.size(), tensors) << header;
  };
  accepted(" \n" + object(kOne), 4, 1);
  accepted(object(kOne) + "\n\t \r", 4, 1);
  accepted(object(entry("b", "F32", "[1]", "[4,8]") + "," + kOne), 8, 2);
  accepted(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"extra":{"x":[1]}}})", 4, 1);
  accepted(object(R"("__metadata__":null,)" + kOne), 4, 1);
  accepted(object(entry("", "F32", "[1]", "[0,4]")), 4, 1);
  accepted(object(entry("z", "F32", "[0]", "[0,0]") + "," + kOne + "," +
                  entry("y", "F32", "[5,0]", "[4,4]")),
           4, 3);
  accepted(object(entry("a", "F32", "[]", "[0,4]")), 4, 1);
  accepted(object(entry("a", "F4", "[2]", "[0,1]")), 1, 1);
  accepted(object(entry("a", "F6_E2M3", "[4]", "[0,3]")), 3, 1);
  accepted("{}", 0, 0);
}

TEST(SafetensorsReader, TensorsComeInFileOrder) {
  const std::string file =
      file_of(object(entry("b", "F32", "[1]", "[4,8]") + "," + kOne), "00001111");
  const SafetensorsHeader header = parse(file);
  EXPECT_EQ(header.tensors[0].name, "a");
  EXPECT_EQ(header.tensors[1].bytes[0], std::byte{'1'});
}

TEST(SafetensorsReader, MessagesAreFitForATerminal) {
  expect_refused_header(file_of(object(entry("\\u001b[2J", "F32", "[1]", "[0,5]")), "12345"),
                        "'\\x1b[2J'");
}

// Whatever a byte or a cut does, the file is read or refused with an Error.
TEST(SafetensorsReader, SurvivesChangedAndTruncatedFiles) {
  SplitMix64 random(99);
  for (const char* name : {"order", "shapes", "names"}) {
    const MappedFile map(kFiles / (std::string(name) + ".safetensors"));
    for (int i = 0; i < testing::changed_inputs(5000); ++i) {
      std::string bad(map.text());
      const std::size_t at = random.below(bad.size());
      if (i % 5 == 0) {
        bad.resize(at);
      } else {
        bad[at] = static_cast<char>(i % 2 == 0 ? random.next() : "0129-+.eE\"{}[],: \\"[i % 18]);
      }
      try {
        for (const TensorView& tensor : parse(bad).tensors) {
          EXPECT_LE(tensor.bytes.data() + tensor.bytes.size(),
                    std::as_bytes(std::span(bad)).data() + bad.size());
        }
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::data);
      }
    }
  }
}

std::string written(std::vector<TensorSpec> specs, const Metadata& metadata) {
  const TempDir dir;
  sort_for_safetensors(specs);
  SafetensorsWriter writer(dir / "x", specs, metadata);
  for (const TensorSpec& spec : writer.specs()) {
    const unsigned limit = spec.dtype == Dtype::boolean ? 2 : 256;
    for (std::uint64_t i = 0; i < spec.byte_size(); ++i) {  // a byte at a time
      const std::byte value{static_cast<unsigned char>(i % limit)};
      writer.write(std::span(&value, 1));
    }
  }
  writer.finish();
  return read_text_file(dir / "x", 1U << 20U);
}

// The files hold what scripts/make_safetensors_cases.py put in: the same tensors, given in another
// order, must come out as the same bytes.
TEST(SafetensorsWriter, WritesTheReferenceWritersBytes) {
  for (const char* name : {"order", "shapes", "names", "empty", "metadata_only"}) {
    const fs::path path = kFiles / (std::string(name) + ".safetensors");
    const SafetensorsFile file(path);
    std::vector<TensorSpec> specs;
    for (const TensorView& tensor : file.tensors()) {
      specs.push_back({tensor.name, tensor.dtype, tensor.shape});
    }
    std::reverse(specs.begin(), specs.end());
    EXPECT_EQ(written(specs, file.metadata()), read_text_file(path, 1U << 20U)) << name;
  }
}

TEST(SafetensorsWriter, SortsByTypeThenByName) {
  std::vector<TensorSpec> specs = {{"a", Dtype::f16, {1}},  {"c", Dtype::f32, {1}},
                                   {"d", Dtype::bf16, {1}}, {"b", Dtype::f32, {1}},
                                   {"e", Dtype::i64, {1}},  {"B", Dtype::f32, {1}}};
  sort_for_safetensors(specs);
  std::string order;
  for (const TensorSpec& spec : specs) order += spec.name;
  EXPECT_EQ(order, "eBbcda");
}

TEST(SafetensorsWriter, PadsTheHeaderToEightBytes) {
  for (int length = 0; length < 9; ++length) {
    const std::string header =
        SafetensorsWriter::header({{std::string(length, 'n'), Dtype::u8, {1}}}, {});
    EXPECT_EQ(header.size() % 8, 0U);
    EXPECT_LT(header.size() - header.find_last_not_of(' ') - 1, 8U);
  }
}

TEST(SafetensorsWriter, RefusesOurOwnMistakes) {
  const TempDir dir;
  const std::vector<TensorSpec> specs = {{"a", Dtype::f32, {2}}};
  const auto twice = std::vector<TensorSpec>{specs[0], specs[0]};
  EXPECT_DND_ERROR(SafetensorsWriter::header(twice, {}), ErrorKind::internal, "'a' is taken");
  EXPECT_DND_ERROR(SafetensorsWriter::header({{"__metadata__", Dtype::f32, {2}}}, {}),
                   ErrorKind::internal, "'__metadata__' is taken");
  EXPECT_DND_ERROR(SafetensorsWriter::header({{"a", Dtype::f32, {INT64_MAX, 4}}}, {}),
                   ErrorKind::internal, "no whole number of bytes");
  SafetensorsWriter writer(dir / "x", specs, {});
  EXPECT_DND_ERROR(writer.finish(), ErrorKind::internal, "0 bytes written, 8 announced");
  EXPECT_DND_ERROR(SafetensorsWriter(dir / "x", specs, {}), ErrorKind::cannot_create, "exists");
}

TEST(SafetensorsWriter, TheObserverSeesEveryByte) {
  const TempDir dir;
  SafetensorsWriter writer(dir / "x", {{"a", Dtype::u8, {3}}}, {{"format", "pt"}});
  std::string seen;
  writer.observe([&](std::span<const std::byte> bytes) {
    seen.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  });
  writer.write(std::as_bytes(std::span("xyz", 3)));
  writer.finish();
  EXPECT_EQ(seen, read_text_file(dir / "x", 1000));
}

}  // namespace
}  // namespace dnd::formats
