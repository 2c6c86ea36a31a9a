#include "nn/weight_store.h"

#include <ATen/ops/equal.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "base/dtype.h"
#include "support/expect_error.h"
#include "support/temp_dir.h"

namespace dnd::nn {
namespace {

// "w" (2, 2, 1, 1) = {1, -2, 3, 2^-20} as halves and, where given, its exponents {4, -3}; `gap` bytes
// before them.
std::string half_file(bool exponents, std::size_t gap) {
  const std::vector<float> values = {1.0F, -2.0F, 3.0F, 0x1p-20F};
  const std::vector<std::int32_t> powers = {4, -3};
  std::string data(gap, 'x');
  std::string header = "{";
  const auto entry = [&](const std::string& name, const char* dtype, const char* shape,
                         std::size_t begin) {
    header += (header.size() > 1 ? ",\"" : "\"") + name + "\":{\"dtype\":\"" + dtype +
              "\",\"shape\":" + shape + ",\"data_offsets\":[" + std::to_string(begin) + "," +
              std::to_string(data.size()) + "]}";
  };
  if (gap > 0) entry("gap", "U8", ("[" + std::to_string(gap) + "]").c_str(), 0);
  std::vector<std::byte> halves(8);
  from_f32(Dtype::f16, values, halves);
  data.append(reinterpret_cast<const char*>(halves.data()), halves.size());
  entry("w", "F16", "[2,2,1,1]", gap);
  if (exponents) {
    data.append(reinterpret_cast<const char*>(powers.data()), 8);
    entry("w.exponents", "I32", "[2]", gap + 8);
  }
  header += "}";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  const std::uint64_t size = header.size();
  std::string file(8, '\0');
  std::memcpy(file.data(), &size, 8);
  return file + header + data;
}

const std::vector<std::int64_t> kShape = {2, 2, 1, 1};

std::vector<float> floats(const at::Tensor& tensor) {
  return {tensor.const_data_ptr<float>(), tensor.const_data_ptr<float>() + tensor.numel()};
}

TEST(WeightStore, HalvesAreViewsOfTheMap) {
  const c10::InferenceMode inference;
  const testing::TempDir temp;
  for (const bool exponents : {false, true}) {
    const WeightStore store(temp.file("w.safetensors", half_file(exponents, 0)));
    const ops::ConvWeights weights = store.convolution("w", kShape);
    EXPECT_EQ(weights.values.scalar_type(), at::kHalf);
    EXPECT_EQ(weights.values.const_data_ptr(), store.file().at("w").bytes.data());
    EXPECT_EQ(weights.scales,
              exponents ? (std::vector<float>{16.0F, 0.125F}) : std::vector<float>{});
  }
}

TEST(WeightStore, GetGivesTheWeightsThemselves) {
  const c10::InferenceMode inference;
  const testing::TempDir temp;
  const WeightStore plain(temp.file("plain.safetensors", half_file(false, 0)));
  EXPECT_EQ(floats(plain.get("w", kShape)), (std::vector<float>{1.0F, -2.0F, 3.0F, 0x1p-20F}));
  const WeightStore scaled(temp.file("scaled.safetensors", half_file(true, 0)));
  EXPECT_EQ(floats(scaled.get("w", kShape)), (std::vector<float>{16.0F, -32.0F, 0.375F, 0x1p-23F}));
}

// Nobody writes such files; no pointer may be odd where one is there.
TEST(WeightStore, OddPlacesAreCopied) {
  const c10::InferenceMode inference;
  const testing::TempDir temp;
  const WeightStore store(temp.file("w.safetensors", half_file(true, 3)));
  const ops::ConvWeights weights = store.convolution("w", kShape);
  EXPECT_TRUE(weights.scales.empty());
  EXPECT_EQ(floats(weights.values), (std::vector<float>{16.0F, -32.0F, 0.375F, 0x1p-23F}));
}

TEST(WeightStore, ShapesAreChecked) {
  const testing::TempDir temp;
  const WeightStore store(temp.file("w.safetensors", half_file(true, 0)));
  EXPECT_DND_ERROR(store.convolution("w", {2, 1, 1, 1}), ErrorKind::data,
                   "tensor 'w': shape [2, 2, 1, 1], expected [2, 1, 1, 1]");
}

}  // namespace
}  // namespace dnd::nn
