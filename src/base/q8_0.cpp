#include "base/q8_0.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "base/dtype.h"
#include "base/strings.h"

namespace dnd {
namespace {

constexpr std::size_t kScaleBytes = 2;
constexpr float kLargest = 127.0F;

void check_sizes(std::size_t values, std::size_t bytes) {
  if (values % kQ8Values != 0 || values / kQ8Values * kQ8Bytes != bytes) {
    fail(ErrorKind::internal, "q8_0: ", bytes, " bytes do not hold ", values, " values");
  }
}

void quantize_block(const float* source, std::byte* target) {
  float largest = 0.0F;
  for (std::size_t i = 0; i < kQ8Values; ++i) largest = std::max(largest, std::abs(source[i]));
  const float scale = largest / kLargest;
  const std::uint16_t stored = f32_to_f16(scale);
  std::memcpy(target, &stored, kScaleBytes);
  // Below 2^-128 the inverse overflows; the stored scale is 0 there, so the bytes do not matter.
  const float inverse = scale == 0.0F || std::isinf(1.0F / scale) ? 0.0F : 1.0F / scale;
  std::array<std::int8_t, kQ8Values> bytes{};
  for (std::size_t i = 0; i < kQ8Values; ++i) {
    bytes[i] = static_cast<std::int8_t>(std::round(source[i] * inverse));
  }
  std::memcpy(target + kScaleBytes, bytes.data(), bytes.size());
}

void dequantize_block(const std::byte* source, float* target) {
  std::uint16_t stored = 0;
  std::memcpy(&stored, source, kScaleBytes);
  const float scale = f16_to_f32(stored);
  for (std::size_t i = 0; i < kQ8Values; ++i) {
    target[i] = static_cast<float>(static_cast<std::int8_t>(source[kScaleBytes + i])) * scale;
  }
}

}  // namespace

void quantize_q8_0(std::span<const float> source, std::span<std::byte> target) {
  check_sizes(source.size(), target.size());
  for (std::size_t block = 0; block < source.size() / kQ8Values; ++block) {
    quantize_block(source.data() + block * kQ8Values, target.data() + block * kQ8Bytes);
  }
}

void dequantize_q8_0(std::span<const std::byte> source, std::span<float> target) {
  check_sizes(target.size(), source.size());
  for (std::size_t block = 0; block < target.size() / kQ8Values; ++block) {
    dequantize_block(source.data() + block * kQ8Bytes, target.data() + block * kQ8Values);
  }
}

std::optional<std::size_t> first_not_finite_q8_0(std::span<const float> values) {
  constexpr float kHalfLimit = 65520.0F;  // the smallest that rounds to infinity as fp16
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!(std::abs(values[i]) / kLargest < kHalfLimit)) return i;
  }
  return std::nullopt;
}

}  // namespace dnd
