// Element types of tensors in files, and conversions to and from fp32.
//
// The set and the order are those of the safetensors reference implementation (increasing
// alignment), because its writer sorts by this order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace dnd {

enum class Dtype {
  boolean,
  f4,
  f6_e2m3,
  f6_e3m2,
  u8,
  i8,
  f8_e5m2,
  f8_e4m3,
  f8_e8m0,
  f8_e4m3fnuz,
  f8_e5m2fnuz,
  i16,
  u16,
  f16,
  bf16,
  i32,
  u32,
  f32,
  c64,
  f64,
  i64,
  u64,
};

// The name in a safetensors header, e.g. "BF16".
std::string_view dtype_name(Dtype dtype);
std::optional<Dtype> dtype_from_name(std::string_view name);
// A name as options have it, e.g. "bf16": any case. Throws Error(usage) for none.
Dtype parse_dtype(std::string_view name);
// Bits of one element: 1 byte and more, or 4 and 6 for the packed types.
unsigned dtype_bits(Dtype dtype);

float f16_to_f32(std::uint16_t half);
// Rounds to nearest even; overflows to infinity; NaN stays NaN (quiet).
std::uint16_t f32_to_f16(float value);
float bf16_to_f32(std::uint16_t bits);
std::uint16_t f32_to_bf16(float value);

// Whether to_f32 and from_f32 know the type: f16, bf16, f32, and f64 for reading.
bool is_float_convertible(Dtype dtype);

// What a message about a file says of a tensor whose type is none of these: first the kind of file, where the
// type tells it ("holds fp8 weights, which are not read: tensor 'x' is F8_E4M3, ..."). The name may be
// hostile.
std::string refused_type(Dtype dtype, std::string_view tensor);

// Index of the first value that would not be a finite number as `stored_as` (f16, bf16 or f32): NaN,
// infinite, or too large.
std::optional<std::size_t> first_not_finite(Dtype stored_as, std::span<const float> values);

// Converts little-endian elements of type `dtype`. `source` holds exactly target.size() elements;
// no alignment is needed. Throws Error(data) for a type that is not a plain float.
void to_f32(Dtype dtype, std::span<const std::byte> source, std::span<float> target);
// The inverse for f16, bf16, f32; `target` holds exactly source.size() elements.
void from_f32(Dtype dtype, std::span<const float> source, std::span<std::byte> target);

}  // namespace dnd
