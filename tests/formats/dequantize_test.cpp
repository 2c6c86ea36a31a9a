#include "formats/dequantize.h"

#include <gtest/gtest.h>

#include <bit>

#include "formats/gguf.h"
#include "support/expect_error.h"
#include "support/golden.h"

namespace dnd::formats {
namespace {

std::vector<std::uint32_t> bits_of(const std::vector<float>& values) {
  std::vector<std::uint32_t> bits;
  for (const float value : values) bits.push_back(std::bit_cast<std::uint32_t>(value));
  return bits;
}

TEST(Dequantize, GivesTheBitsOfGgufPy) {
  const GgufFile file(testing::data_path("gguf/blocks.gguf"));
  std::string types;
  for (const GgufTensor& tensor : file.tensors()) {
    const GgufTensor* expected = file.find_tensor(tensor.name + " as F32");
    if (expected == nullptr) continue;
    types += (types.empty() ? "" : ", ") + tensor.name;
    ASSERT_EQ(tensor.type->name, tensor.name);
    EXPECT_EQ(bits_of(file.read_f32(tensor)), bits_of(file.read_f32(*expected))) << tensor.name;
  }
  EXPECT_EQ(types, dequantizable_types());
}

TEST(Dequantize, DecodesAnyRunOfBlocksByItself) {
  const GgufFile file(testing::data_path("gguf/blocks.gguf"));
  for (const GgufTensor& tensor : file.tensors()) {
    const std::vector<float> whole = file.read_f32(tensor);
    const auto columns = static_cast<std::size_t>(tensor.shape[1]);
    std::vector<float> row(columns);
    dequantize(*tensor.type, tensor.bytes.last(tensor.bytes.size() / 3), row);
    EXPECT_EQ(bits_of(row), bits_of({whole.end() - tensor.shape[1], whole.end()})) << tensor.name;
  }
}

TEST(Dequantize, RefusesOtherTypesAndSizes) {
  const GgmlType& q4_k = *find_ggml_type(12);
  const GgmlType& iq2_xxs = *find_ggml_type(16);
  EXPECT_TRUE(can_dequantize(q4_k));
  EXPECT_FALSE(can_dequantize(iq2_xxs));
  std::vector<std::byte> block(144);
  std::vector<float> values(256);
  dequantize(q4_k, block, values);
  EXPECT_DND_ERROR(dequantize(q4_k, std::span(block).first(143), values), ErrorKind::internal,
                   "143 bytes of Q4_K for 256 values");
  EXPECT_DND_ERROR(dequantize(q4_k, block, std::span(values).first(255)), ErrorKind::internal,
                   "144 bytes of Q4_K for 255 values");
  EXPECT_DND_ERROR(dequantize(iq2_xxs, std::span(block).first(66), values), ErrorKind::internal,
                   "IQ2_XXS");
}

}  // namespace
}  // namespace dnd::formats
