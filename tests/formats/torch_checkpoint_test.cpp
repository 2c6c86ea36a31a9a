#include "formats/torch_checkpoint.h"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <string>

#include "base/file.h"
#include "base/json.h"
#include "base/random.h"
#include "base/sha256.h"
#include "support/expect_error.h"
#include "support/pickle_writer.h"
#include "support/sanitizers.h"
#include "support/temp_dir.h"
#include "support/zip_writer.h"

namespace dnd::formats {
namespace {

namespace fs = std::filesystem;
namespace pickled = testing::pickled;
using pickled::number;
using pickled::numbers;
using pickled::storage;
using pickled::text;
using testing::ZipWriter;

const fs::path kCases = fs::path(DND_TEST_DATA) / "torch_checkpoint";
const fs::path kGolden = fs::path(DND_TEST_DATA) / "decoder" / "plain-k3" / "decoder.pth";

fs::path test_case(const std::string& name) { return kCases / (name + ".pth"); }

std::string content(const fs::path& path) { return read_text_file(path, 1U << 20U); }

std::string bytes_of(const TorchCheckpoint& file, const CheckpointTensor& tensor) {
  std::string bytes;
  file.read(tensor, [&](std::span<const std::byte> piece) {
    bytes.append(reinterpret_cast<const char*>(piece.data()), piece.size());
  });
  return bytes;
}

std::vector<float> values(const TorchCheckpoint& file, std::string_view name) {
  return file.read_f32(*file.find(name));
}

void read_everything(const fs::path& path) {
  const TorchCheckpoint file(path);
  for (const CheckpointTensor& tensor : file.tensors()) {
    EXPECT_EQ(bytes_of(file, tensor).size(), tensor.byte_size);
  }
}

// Archives of one (2, 3) F32 tensor "w", with a place to go wrong.
class HostileCheckpoint : public ::testing::Test {
 protected:
  static ZipWriter zip_with(const std::string& pickle) {
    return ZipWriter().add("top/data.pkl", pickle).add("top/data/0", std::string(24, 'x'));
  }

  void expect_refused_file(const std::string& bytes, const std::string& message) const {
    const fs::path path = dir_.file("hostile.pth", bytes);
    EXPECT_DND_ERROR(read_everything(path), ErrorKind::data, message);
    EXPECT_DND_ERROR(read_everything(path), ErrorKind::data, "hostile.pth");
  }

  void expect_refused(const std::string& body, const std::string& message) const {
    expect_refused_file(zip_with(pickled::whole(body)).bytes(), message);
  }

  void expect_refused(const pickled::Tensor& tensor, const std::string& message) const {
    expect_refused(pickled::dict({text("w"), tensor.done()}), message);
    expect_refused(pickled::dict({text("w"), tensor.done()}), "tensor 'w': ");
  }

  testing::TempDir dir_;
};

TEST(TorchCheckpoint, ReadsTheOfficialFormatAsTorchDoes) {
  const TorchCheckpoint file(kGolden);
  const Json expected = read_json_file(kCases / "plain-k3.json", "expected");
  ASSERT_EQ(file.tensors().size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const CheckpointTensor& tensor = file.tensors()[i];
    EXPECT_EQ(tensor.name, expected[i][0]);
    EXPECT_EQ(tensor.dtype, Dtype::f32);
    EXPECT_EQ(tensor.shape, expected[i][1].get<Shape>());
    EXPECT_EQ(sha256_hex(bytes_of(file, tensor)), expected[i][2]) << tensor.name;
    EXPECT_EQ(file.find(tensor.name), &tensor);
  }
  EXPECT_EQ(file.find("model"), nullptr);
}

TEST(TorchCheckpoint, ReadsEveryElementType) {
  const TorchCheckpoint file(test_case("dtypes"));
  const std::vector<float> counting = {0, 1, 2, 3, 4, 5};
  for (const char* name : {"float32", "bfloat16", "float16", "float64"}) {
    EXPECT_EQ(values(file, name), counting) << name;
  }
  for (const auto& [name, dtype, size] :
       {std::tuple("int64", Dtype::i64, 8U), std::tuple("int32", Dtype::i32, 4U),
        std::tuple("int16", Dtype::i16, 2U), std::tuple("int8", Dtype::i8, 1U),
        std::tuple("uint8", Dtype::u8, 1U)}) {
    const CheckpointTensor& tensor = *file.find(name);
    EXPECT_EQ(tensor.dtype, dtype);
    EXPECT_EQ(bytes_of(file, tensor)[size], 1) << name;
    EXPECT_DND_ERROR(file.read_f32(tensor), ErrorKind::data, "expected a float type");
  }
  EXPECT_EQ(bytes_of(file, *file.find("bool")), std::string("\1\0\1", 3));
  EXPECT_EQ(file.find("scalar")->shape, Shape{});
  EXPECT_EQ(values(file, "scalar"), std::vector<float>{5});
  EXPECT_EQ(file.find("no elements")->shape, (Shape{3, 0, 2}));
  EXPECT_EQ(bytes_of(file, *file.find("no elements")), "");
  EXPECT_EQ(file.find("größe")->shape, (Shape{1, 4, 1}));
}

TEST(TorchCheckpoint, ReadsViewsOfASharedStorage) {
  const TorchCheckpoint file(test_case("shared"));
  EXPECT_EQ(values(file, "whole").size(), 24U);
  EXPECT_EQ(values(file, "again"), values(file, "whole"));
  EXPECT_EQ(values(file, "row 1"), (std::vector<float>{6, 7, 8, 9, 10, 11}));
  EXPECT_EQ(values(file, "rows 2-3").front(), 12);
  EXPECT_EQ(values(file, "rows 2-3").back(), 23);
  EXPECT_EQ(file.find("whole")->storage, file.find("row 1")->storage);
}

TEST(TorchCheckpoint, ReadsModulesParametersAndTensorsSavedFromAGpu) {
  const std::vector<float> counting = {0, 1, 2, 3, 4, 5};
  for (const char* name : {"module", "parameter", "cuda_location"}) {
    EXPECT_EQ(values(TorchCheckpoint(test_case(name)), "weight"), counting) << name;
  }
}

TEST(TorchCheckpoint, RefusesOtherFilesOfTorch) {
  for (const auto& [name, message] :
       {std::pair("transposed",
                  "tensor 'weight': size [3, 2] has strides [1, 3], expected C order"),
        std::pair("expanded", "tensor 'weight': size [2, 3] has strides [0, 1]"),
        std::pair("nested", "tensor 'state_dict': holds a dict, expected a tensor"),
        std::pair("training_state", "tensor 'epoch': holds the number 3, expected a tensor"),
        std::pair("optimizer", "data.pkl: byte "), std::pair("tensor_alone", "holds the result of"),
        std::pair("legacy", "before 1.6"), std::pair("protocol4", "not a pickle of protocol 2"),
        std::pair("sparse", "global 'torch._utils _rebuild_sparse_tensor' is not allowed"),
        std::pair("torchscript", "a TorchScript archive")}) {
    EXPECT_DND_ERROR(TorchCheckpoint(test_case(name)), ErrorKind::data, message);
  }
}

TEST(TorchCheckpoint, AFileThatIsNotThereIsNoInput) {
  EXPECT_DND_ERROR(TorchCheckpoint("/nowhere/x.pth"), ErrorKind::no_input, "/nowhere/x.pth");
  EXPECT_DND_ERROR(TorchCheckpoint{kCases}, ErrorKind::no_input, "is a folder");
}

TEST_F(HostileCheckpoint, TheUnchangedOneIsFine) {
  const std::string pickle = pickled::whole(pickled::dict({text("w"), pickled::Tensor{}.done()}));
  EXPECT_NO_THROW(read_everything(dir_.file("fine.pth", zip_with(pickle).bytes())));
  EXPECT_NO_THROW(read_everything(dir_.file("fine.pth", zip_with(pickle).bytes_zip64(2))));
}

TEST_F(HostileCheckpoint, NothingIsExecuted) {
  const std::string command = "touch " + (dir_ / "owned").string();
  for (const auto& [module, name] :
       {std::pair("os", "system"), std::pair("posix", "system"), std::pair("subprocess", "call"),
        std::pair("builtins", "eval"), std::pair("torch", "load")}) {
    const std::string call = pickled::global(module, name) + pickled::tuple({text(command)}) + "R";
    const std::string refusal = std::string("global '") + module + " " + name;
    expect_refused(call, refusal);
    expect_refused(pickled::dict({text("w"), call}), refusal);
    pickled::Tensor tensor;
    tensor.hooks = call;
    expect_refused(pickled::dict({text("w"), tensor.done()}), refusal);
  }
  EXPECT_FALSE(fs::exists(dir_ / "owned"));
}

TEST_F(HostileCheckpoint, WrongSizes) {
  using Case = std::pair<pickled::Tensor, std::string>;
  for (const auto& [tensor, message] :
       {Case({.offset = number(1)}, "does not fit into its storage of 6 elements"),
        Case({.offset = number(-1)},
             "storage offset: expected a number from 0 on, got the number -1"),
        Case({.offset = number(INT64_MAX)}, "does not fit"),
        Case({.offset = text("0")}, "storage offset: expected a number from 0 on, got the string"),
        Case({.size = numbers({3, 3})}, "does not fit"),
        Case({.size = numbers({-2, 3})}, "size: expected a number from 0 on"),
        Case({.size = number(6)}, "size: expected a tuple"),
        Case({.size = numbers({INT64_MAX, 3})}, "overflows"),
        Case({.size = numbers({INT64_MAX, 2, 2})}, "overflows"),
        Case({.size = numbers({1LL << 62, 4}), .stride = numbers({4, 1})}, "overflows"),
        Case({.offset = number(7), .size = numbers({0}), .stride = numbers({1})}, "does not fit"),
        Case({.stride = numbers({1, 2})}, "expected C order"),
        Case({.stride = numbers({-3, 1})}, "stride: expected a number from 0 on"),
        Case({.stride = numbers({1})}, "expected C order"),
        Case({.stride = "\x88"}, "stride: expected a tuple")}) {
    expect_refused(tensor, message);
  }
}

// One tuple or tensor may be mentioned thousands of times: the pickle's size bounds neither.
TEST_F(HostileCheckpoint, ManyDimensionsAndManyTensors) {
  const std::vector<std::int64_t> ones(65, 1);
  expect_refused(pickled::Tensor{.size = numbers(ones), .stride = numbers(ones)},
                 "size: 65 numbers, at most 64 allowed");
  std::string body = "}(" + text("w") + pickled::Tensor{}.done() + "q" + '\0' + "u";
  for (int batch = 0; batch < 50; ++batch) {
    body += "(";
    for (int i = 0; i < 4000; ++i) body += text(std::to_string(batch * 4000 + i)) + "h" + '\0';
    body += "u";
  }
  expect_refused(body, "200001 tensors, at most 200000 allowed");
}

TEST_F(HostileCheckpoint, WrongStorages) {
  const auto id = [](const std::vector<std::string>& parts) { return pickled::tuple(parts) + "Q"; };
  const std::string type = pickled::global("torch", "FloatStorage");
  using Case = std::pair<std::string, std::string>;
  for (const auto& [wrong, message] :
       {Case(storage("FloatStorage", "0", 7), "'top/data/0' holds 24 bytes, 7 elements of F32"),
        Case(storage("FloatStorage", "0", 5), "holds 24 bytes"),
        Case(storage("DoubleStorage", "0", 6), "6 elements of F64 expected"),
        Case(storage("FloatStorage", "0", -6), "storage size: expected a number from 0 on"),
        Case(storage("FloatStorage", "0", INT64_MAX), "holds 24 bytes"),
        Case(storage("FloatStorage", "1", 6), "'top/data/1' is not in the archive"),
        Case(storage("FloatStorage", "../data.pkl", 6), "is not in the archive"),
        Case(id({text("storage"), text("FloatStorage"), text("0"), text("cpu"), number(6)}),
             "storage type: got the string 'FloatStorage'"),
        Case(id({text("storage"), pickled::global("collections", "OrderedDict"), text("0"),
                 text("cpu"), number(6)}),
             "storage type: got the global collections.OrderedDict"),
        Case(id({text("module"), type, text("0"), text("cpu"), number(6)}), "expected ('storage'"),
        Case(id({text("storage"), type, number(0), text("cpu"), number(6)}), "expected ('storage'"),
        Case(id({text("storage"), type, text("0"), text("cpu")}), "expected ('storage'"),
        Case(id({}), "expected ('storage'"), Case(text("0"), "storage: got the string '0'")}) {
    expect_refused(pickled::Tensor{.storage = wrong}, message);
  }
}

TEST_F(HostileCheckpoint, WrongTrees) {
  const std::string tensor = pickled::Tensor{}.done();
  const std::string hook = pickled::dict({text("a"), number(1)});
  expect_refused(pickled::Tensor{.hooks = hook}, "has backward hooks");
  expect_refused(pickled::Tensor{.hooks = number(0)}, "has backward hooks");
  expect_refused(pickled::Tensor{.hooks = pickled::ordered_dict() + pickled::dict({})},
                 "_rebuild_tensor_v2 with 7 arguments, expected 6");
  expect_refused(pickled::dict({text("w"), tensor, text("w"), tensor}), "tensor 'w' appears twice");
  expect_refused(pickled::dict({number(1), tensor}), "a key is the number 1");
  expect_refused(pickled::dict({text("a\nb"), text("x")}),
                 "tensor 'a\\x0ab': holds the string 'x'");
  expect_refused(pickled::tuple({tensor}), "holds a tuple of 1, expected a state_dict");
  expect_refused(pickled::dict({text("m"), pickled::dict({text("w"), tensor})}),
                 "tensor 'm': holds a dict");
  expect_refused(pickled::dict({text("w"), pickled::global("torch", "FloatStorage") + ")R"}),
                 "holds the result of torch.FloatStorage");
  const std::string parameter = pickled::global("torch._utils", "_rebuild_parameter");
  expect_refused(pickled::dict({text("w"), parameter + ")R"}),
                 "_rebuild_parameter with 0 arguments");
  expect_refused(
      pickled::dict({text("w"), parameter + pickled::tuple({number(1), "\x88", "}"}) + "R"}),
      "expected a tensor");
}

TEST_F(HostileCheckpoint, WrongArchives) {
  const std::string pickle = pickled::whole(pickled::dict({text("w"), pickled::Tensor{}.done()}));
  const std::string data(24, 'x');
  const auto with_data = [&](const ZipWriter::Lie& lie) {
    return ZipWriter().add("top/data.pkl", pickle).add("top/data/0", data, lie).bytes();
  };
  expect_refused_file("", "the file is empty");
  expect_refused_file("hello, world", "expected a zip archive");
  expect_refused_file("PK\x03\x04 and no more", "file truncated");
  expect_refused_file(std::string(257, ' ') + "ustar" + std::string(300, ' '), "before 1.6");
  expect_refused_file(ZipWriter().bytes(), "hostile.pth: ");
  expect_refused_file(ZipWriter().add("top/data/0", data).bytes(), "no entry 'top/data.pkl'");
  expect_refused_file(ZipWriter().add("data.pkl", pickle).bytes(),
                      "'data/0' is not in the archive");
  expect_refused_file(with_data({.method = 8}), "'top/data/0': is compressed (method 8)");
  expect_refused_file(with_data({.flags = 1}), "'top/data/0': is encrypted");
  expect_refused_file(with_data({.crc_xor = 1}), "'top/data/0': CRC error");
  expect_refused_file(with_data({.extra_size = 1000}), "hostile.pth: ");
  expect_refused_file(zip_with(pickle).add("top/data/0", data).bytes(), "appears twice");
  expect_refused_file(zip_with(pickle).add("top/byteorder", "big").bytes(), "byte order 'big'");
  expect_refused_file(zip_with(pickle).add("top/code/x.py", "").bytes(), "a TorchScript archive");
  expect_refused_file(
      ZipWriter().add("top/data.pkl", pickle, {.crc_xor = 1}).add("top/data/0", data).bytes(),
      "'top/data.pkl': CRC error");
  for (const std::uint64_t count : {3ULL, 1ULL << 20U, 1ULL << 32U, 1ULL << 60U, ~0ULL}) {
    const fs::path path = dir_.file("hostile.pth", zip_with(pickle).bytes_zip64(count));
    EXPECT_THROW(read_everything(path), Error) << count;
  }
}

TEST_F(HostileCheckpoint, TruncatedPickles) {
  const std::string pickle = pickled::whole(pickled::dict({text("w"), pickled::Tensor{}.done()}));
  for (std::size_t size = 0; size < pickle.size(); ++size) {
    expect_refused_file(zip_with(pickle.substr(0, size)).bytes(), "data.pkl: byte ");
  }
}

TEST_F(HostileCheckpoint, TruncatedArchives) {
  const std::string good = content(test_case("cuda_location"));
  for (std::size_t size = 0; size < good.size(); ++size) {
    const fs::path path = dir_.file("hostile.pth", good.substr(0, size));
    EXPECT_THROW(read_everything(path), Error) << size;
  }
}

// Whatever one byte does, the file is read or refused with an Error.
TEST_F(HostileCheckpoint, ChangedBytes) {
  const std::string good = content(kGolden);
  SplitMix64 random(20250);
  int refused = 0;
  for (int i = 0; i < testing::changed_inputs(3000); ++i) {
    std::string bad = good;
    // Every other change hits the pickle at the front or the directory at the end.
    const std::size_t near = random.below(4000);
    const std::size_t anywhere = random.below(good.size());
    const std::size_t at = i % 4 == 0 ? near : i % 4 == 2 ? good.size() - 1 - near : anywhere;
    bad[at] = static_cast<char>(random.next());
    try {
      read_everything(dir_.file("hostile.pth", bad));
    } catch (const Error& error) {
      ++refused;
      EXPECT_THAT(error.what(), ::testing::HasSubstr("hostile.pth"));
    }
  }
  EXPECT_GT(refused, testing::changed_inputs(1000));
}

}  // namespace
}  // namespace dnd::formats
