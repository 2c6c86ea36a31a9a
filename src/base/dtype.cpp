#include "base/dtype.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cctype>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include "base/strings.h"

namespace dnd {
namespace {

static_assert(std::endian::native == std::endian::little, "files are little-endian and mapped");

struct DtypeInfo {
  std::string_view name;
  unsigned bits;
};

constexpr std::array<DtypeInfo, 22> kDtypes = {
    {{"BOOL", 8},        {"F4", 4},      {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"U8", 8},
     {"I8", 8},          {"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8},
     {"F8_E5M2FNUZ", 8}, {"I16", 16},    {"U16", 16},    {"F16", 16},    {"BF16", 16},
     {"I32", 32},        {"U32", 32},    {"F32", 32},    {"C64", 64},    {"F64", 64},
     {"I64", 64},        {"U64", 64}}};

template <typename Stored, typename Convert>
void read_all(std::span<const std::byte> source, std::span<float> target, Convert convert) {
  for (std::size_t i = 0; i < target.size(); ++i) {
    Stored stored{};
    std::memcpy(&stored, source.data() + i * sizeof(Stored), sizeof(Stored));
    target[i] = convert(stored);
  }
}

template <typename Convert>
void write_all_16(std::span<const float> source, std::span<std::byte> target, Convert convert) {
  for (std::size_t i = 0; i < source.size(); ++i) {
    const std::uint16_t stored = convert(source[i]);
    std::memcpy(target.data() + i * sizeof(stored), &stored, sizeof(stored));
  }
}

void check_size(Dtype dtype, std::size_t bytes, std::size_t elements) {
  if (bytes * 8 != elements * dtype_bits(dtype)) {
    fail(ErrorKind::internal, "dtype: ", bytes, " bytes do not hold ", elements, " elements of ",
         dtype_name(dtype));
  }
}

}  // namespace

std::string_view dtype_name(Dtype dtype) { return kDtypes[static_cast<std::size_t>(dtype)].name; }

std::optional<Dtype> dtype_from_name(std::string_view name) {
  for (std::size_t i = 0; i < kDtypes.size(); ++i) {
    if (kDtypes[i].name == name) return static_cast<Dtype>(i);
  }
  return std::nullopt;
}

Dtype parse_dtype(std::string_view name) {
  std::string upper(name);
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  if (const auto dtype = dtype_from_name(upper)) return *dtype;
  fail(ErrorKind::usage, "unknown element type '", printable(name), "'");
}

unsigned dtype_bits(Dtype dtype) { return kDtypes[static_cast<std::size_t>(dtype)].bits; }

// The two half-precision conversions work on the bit patterns of IEEE 754 binary16 and binary32.
float f16_to_f32(std::uint16_t half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000U) << 16U;
  const std::uint32_t exponent = (half >> 10U) & 0x1FU;
  const std::uint32_t mantissa = half & 0x3FFU;
  if (exponent == 0x1F) return std::bit_cast<float>(sign | 0x7F800000U | (mantissa << 13U));
  if (exponent != 0) {
    return std::bit_cast<float>(sign | ((exponent + 112U) << 23U) | (mantissa << 13U));
  }
  const float magnitude = static_cast<float>(mantissa) * 0x1p-24F;  // subnormal, exact
  return sign == 0 ? magnitude : -magnitude;
}

std::uint16_t f32_to_f16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>((bits >> 16U) & 0x8000U);
  const std::uint32_t magnitude = bits & 0x7FFFFFFFU;
  if (magnitude > 0x7F800000U) return static_cast<std::uint16_t>(sign | 0x7E00U);
  if (magnitude >= 0x477FF000U) return static_cast<std::uint16_t>(sign | 0x7C00U);
  if (magnitude < 0x38800000U) {
    // Below 2^-14: adding 0.5 makes the fp32 adder round to a multiple of 2^-24.
    const float shifted = std::bit_cast<float>(magnitude) + 0.5F;
    return static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(shifted) - 0x3F000000U));
  }
  const std::uint32_t odd = (magnitude >> 13U) & 1U;
  return static_cast<std::uint16_t>(sign | ((magnitude - 0x38000000U + 0xFFFU + odd) >> 13U));
}

float bf16_to_f32(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16U);
}

std::uint16_t f32_to_bf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7FFFFFFFU) > 0x7F800000U) return static_cast<std::uint16_t>((bits >> 16U) | 0x40U);
  return static_cast<std::uint16_t>((bits + 0x7FFFU + ((bits >> 16U) & 1U)) >> 16U);
}

bool is_float_convertible(Dtype dtype) {
  return dtype == Dtype::f16 || dtype == Dtype::bf16 || dtype == Dtype::f32 || dtype == Dtype::f64;
}

std::string refused_type(Dtype dtype, std::string_view tensor) {
  const std::string_view name = dtype_name(dtype);
  if (!name.starts_with("F8") && !name.starts_with("F4") && !name.starts_with("F6")) {
    return cat("tensor '", printable(tensor), "': dtype ", name, ", expected a float type");
  }
  return cat("holds fp", name[1], " weights, which are not read: tensor '", printable(tensor),
             "' is ", name,
             ", expected F32, F16 or BF16 (torch: tensor.to(torch.bfloat16), times its scale where "
             "it has one)");
}

std::optional<std::size_t> first_not_finite(Dtype stored_as, std::span<const float> values) {
  // The smallest magnitude that rounds to infinity.
  const float limit = stored_as == Dtype::f16    ? 65520.0F
                      : stored_as == Dtype::bf16 ? std::bit_cast<float>(0x7F7F8000U)
                                                 : std::numeric_limits<float>::infinity();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!(std::abs(values[i]) < limit)) return i;
  }
  return std::nullopt;
}

void to_f32(Dtype dtype, std::span<const std::byte> source, std::span<float> target) {
  check_size(dtype, source.size(), target.size());
  if (target.empty()) return;
  switch (dtype) {
    case Dtype::f32:
      std::memcpy(target.data(), source.data(), source.size());
      return;
    case Dtype::f16:
      return read_all<std::uint16_t>(source, target, f16_to_f32);
    case Dtype::bf16:
      return read_all<std::uint16_t>(source, target, bf16_to_f32);
    case Dtype::f64:
      return read_all<double>(source, target, [](double v) { return static_cast<float>(v); });
    default:
      fail(ErrorKind::data, "dtype: ", dtype_name(dtype), " values where a float type is needed");
  }
}

void from_f32(Dtype dtype, std::span<const float> source, std::span<std::byte> target) {
  check_size(dtype, target.size(), source.size());
  if (source.empty()) return;
  switch (dtype) {
    case Dtype::f32:
      std::memcpy(target.data(), source.data(), target.size());
      return;
    case Dtype::f16:
      return write_all_16(source, target, f32_to_f16);
    case Dtype::bf16:
      return write_all_16(source, target, f32_to_bf16);
    default:
      fail(ErrorKind::internal, "dtype: writing ", dtype_name(dtype), " is not supported");
  }
}

}  // namespace dnd
