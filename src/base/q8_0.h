// ggml's Q8_0: blocks of 32 values as one fp16 scale and 32 signed bytes (34 bytes).
//
// Source: gguf-py 0.19 quants.py, class Q8_0, which equals ggml's reference quantiser.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

namespace dnd {

inline constexpr std::size_t kQ8Values = 32;  // per block
inline constexpr std::size_t kQ8Bytes = 34;

// d = max |x| / 127 in fp32, stored as fp16; q = x / d rounded half away from zero. Values must
// pass first_not_finite_q8_0(). `source` holds whole blocks, `target` exactly kQ8Bytes for each;
// else Error(internal).
void quantize_q8_0(std::span<const float> source, std::span<std::byte> target);
// x = q d, exact in fp32.
void dequantize_q8_0(std::span<const std::byte> source, std::span<float> target);

// Index of the first value that makes its block's scale NaN or infinite.
std::optional<std::size_t> first_not_finite_q8_0(std::span<const float> values);

}  // namespace dnd
