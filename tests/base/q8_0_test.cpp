#include "base/q8_0.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/sha256.h"
#include "base/strings.h"
#include "support/expect_error.h"

namespace dnd {
namespace {

std::vector<std::byte> quantized(const std::vector<float>& values) {
  std::vector<std::byte> bytes(values.size() / kQ8Values * kQ8Bytes);
  quantize_q8_0(values, bytes);
  return bytes;
}

std::string hex(const std::vector<std::byte>& bytes) {
  return to_hex(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

template <typename T>
std::string sha256_of(const std::vector<T>& values) {
  Sha256 hash;
  hash.update(std::as_bytes(std::span(values)));
  return hash.hex();
}

// 1000 blocks of many magnitudes, down to those whose fp16 scale is subnormal or 0: block b holds
// (unit() - 0.5) 2^(b % 40 - 30).
std::vector<float> sample() {
  SplitMix64 random(2024);
  std::vector<float> values(1000 * kQ8Values);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const int exponent = static_cast<int>(i / kQ8Values % 40) - 30;
    values[i] = std::ldexp(random.unit() - 0.5F, exponent);
  }
  return values;
}

// The hashes are those of gguf-py 0.19 (quants.quantize and dequantize) on the same numbers.
TEST(Q8, GivesTheBytesOfGgufPy) {
  const std::vector<float> values = sample();
  const std::vector<std::byte> bytes = quantized(values);
  EXPECT_EQ(sha256_of(bytes), "36383e2b57e359358f3492fecef2f67ff526b3c8fc01461d15fa20b9ec9c1066");
  std::vector<float> back(values.size());
  dequantize_q8_0(bytes, back);
  EXPECT_EQ(sha256_of(back), "3274b22c741e7b2f7a1db4a1ef9d85fb5dfd5571a886e4797551ec4aa0350dc8");
}

// Scale 1; bytes from gguf-py.
TEST(Q8, RoundsHalvesAwayFromZero) {
  std::vector<float> values = {127.0F};
  for (int k = 0; k < 31; ++k) values.push_back(static_cast<float>(k - 15) + 0.5F);
  EXPECT_EQ(hex(quantized(values)),
            "003c7ff1f2f3f4f5f6f7f8f9fafbfcfdfeff0102030405060708090a0b0c0d0e0f10");
}

TEST(Q8, KeepsZerosAndTheSmallestNumbers) {
  EXPECT_EQ(hex(quantized(std::vector<float>(32, 0.0F))), std::string(68, '0'));
  EXPECT_EQ(hex(quantized(std::vector<float>(32, 0x1p-149F))), std::string(68, '0'));
  EXPECT_EQ(hex(quantized(std::vector<float>(32, 0x1p-123F))), std::string(68, '0'));
}

TEST(Q8, FindsWhatHasNoScale) {
  std::vector<float> values(64, 1.0F);
  EXPECT_EQ(first_not_finite_q8_0(values), std::nullopt);
  values[40] = 65519.0F * 127.0F;
  EXPECT_EQ(first_not_finite_q8_0(values), std::nullopt);
  std::vector<float> back(64);
  dequantize_q8_0(quantized(values), back);
  EXPECT_EQ(back[40], 65504.0F * 127.0F);
  for (const float bad : {-65520.0F * 127.0F, std::numeric_limits<float>::infinity(),
                          std::numeric_limits<float>::quiet_NaN()}) {
    values[40] = bad;
    EXPECT_EQ(first_not_finite_q8_0(values), 40U) << bad;
  }
}

TEST(Q8, RefusesOurOwnMistakes) {
  std::vector<float> values(33);
  std::vector<std::byte> bytes(68);
  EXPECT_DND_ERROR(quantize_q8_0(values, bytes), ErrorKind::internal, "do not hold 33 values");
  EXPECT_DND_ERROR(dequantize_q8_0(bytes, values), ErrorKind::internal, "68 bytes");
  values.resize(32);
  EXPECT_DND_ERROR(dequantize_q8_0(bytes, values), ErrorKind::internal, "68 bytes");
}

}  // namespace
}  // namespace dnd
