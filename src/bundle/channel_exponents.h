// Powers of two beside half-precision weights, one for each output channel.
//
// fp16 has five bits of exponent: weights below 2^-14 lose digits, and trained ones often are. So a
// convolution's weight W (Cout, Cin, k, k) that is stored as F16 may have `W.exponents`, I32 (Cout),
// beside it: weight = stored * 2^exponent, which is exact in fp32.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bundle/generator_config.h"
#include "formats/safetensors.h"

namespace dnd::bundle {

inline constexpr std::string_view kExponentsSuffix = ".exponents";
// No exponent is larger in magnitude: every finite half times such a power is an fp32 number.
inline constexpr std::int32_t kMaxChannelExponent = 112;

std::string exponents_name(const std::string& weight);

// The exponents of `weight` (a tensor of `file`); empty: it has none. Throws Error(data) naming the
// tensor if they have another type or shape, are out of range, or belong to a weight that is no F16.
std::vector<std::int32_t> read_channel_exponents(const formats::SafetensorsFile& file,
                                                 const formats::TensorView& weight);

// 2^exponent each.
std::vector<float> powers_of_two(const std::vector<std::int32_t>& exponents);

// Values of whole channels, multiplied by their powers.
void scale_channels(const std::vector<float>& scales, std::span<float> values);

// Throws Error(data) unless all exponents in `file` belong to convolutions of `config`, are as above,
// and are there if and only if `config` says so.
void check_channel_exponents(const GeneratorConfig& config, const formats::SafetensorsFile& file);
// The file of weights of a bundle, after this check.
std::filesystem::path checked_weights(const std::filesystem::path& bundle);

}  // namespace dnd::bundle
