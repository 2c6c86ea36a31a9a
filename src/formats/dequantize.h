// Tensors of GGUF files as fp32: what ggml's block types mean, number by number.
//
// A block is a run of elements of one row with their common scales; rows are whole blocks, so any run of
// rows can be decoded by itself. The results are those of gguf-py's quants.py (0.19), bit for bit: the same
// products and sums in fp32, in its order, never fused. What is NaN there is NaN here.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "formats/gguf.h"

namespace dnd::formats {

// F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q2_K to Q6_K, IQ4_NL and IQ4_XS.
bool can_dequantize(const GgmlType& type);
std::string dequantizable_types();  // "F32, F16, ...", for messages

// `source`: whole blocks; `target`: exactly their elements. Other sizes and types that are not listed are
// Error(internal). Any bytes have a meaning; scales may be infinite or NaN.
void dequantize(const GgmlType& type, std::span<const std::byte> source, std::span<float> target);

}  // namespace dnd::formats
