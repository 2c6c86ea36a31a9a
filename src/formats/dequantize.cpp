#include "formats/dequantize.h"

#include <array>
#include <cstdint>
#include <cstring>

#include "base/q8_0.h"
#include "base/strings.h"

// Layouts of the blocks: ggml-common.h of llama.cpp (block_q4_0 to block_iq4_xs); scales and offsets:
// ggml-quants.c (dequantize_row_*). This file is compiled without contraction of products and sums.
namespace dnd::formats {
namespace {

using Bytes = const std::uint8_t*;
using BlockFunction = void (*)(Bytes block, float* target);

constexpr int kSmall = 32;   // elements of a block of Q4_0 and its kin (QK4_0)
constexpr int kLarge = 256;  // of the K types (QK_K)

float half(Bytes bytes) {
  std::uint16_t stored = 0;
  std::memcpy(&stored, bytes, sizeof stored);
  return f16_to_f32(stored);
}

int low(std::uint8_t byte) { return byte & 0x0F; }
int high(std::uint8_t byte) { return byte >> 4; }
int bit(Bytes bits, int i) { return bits[i / 8] >> (i % 8) & 1; }

// Element i of 32: the low halves of the 16 bytes, then the high ones.
int four_bits(Bytes quants, int i) { return i < 16 ? low(quants[i]) : high(quants[i - 16]); }

void q4_0(Bytes block, float* target) {
  const float d = half(block);
  for (int i = 0; i < kSmall; ++i) {
    target[i] = d * static_cast<float>(four_bits(block + 2, i) - 8);
  }
}

void q4_1(Bytes block, float* target) {
  const float d = half(block);
  const float m = half(block + 2);
  for (int i = 0; i < kSmall; ++i) {
    target[i] = d * static_cast<float>(four_bits(block + 4, i)) + m;
  }
}

void q5_0(Bytes block, float* target) {
  const float d = half(block);
  for (int i = 0; i < kSmall; ++i) {
    const int q = four_bits(block + 6, i) | bit(block + 2, i) << 4;
    target[i] = d * static_cast<float>(q - 16);
  }
}

void q5_1(Bytes block, float* target) {
  const float d = half(block);
  const float m = half(block + 2);
  for (int i = 0; i < kSmall; ++i) {
    const int q = four_bits(block + 8, i) | bit(block + 4, i) << 4;
    target[i] = d * static_cast<float>(q) + m;
  }
}

constexpr std::array<float, 16> kIq4Values = {-127, -104, -83, -65, -49, -35, -22, -10,
                                              1,    13,   25,  38,  53,  69,  89,  113};

void iq4_nl(Bytes block, float* target) {
  const float d = half(block);
  for (int i = 0; i < kSmall; ++i) {
    target[i] = d * kIq4Values[static_cast<std::size_t>(four_bits(block + 2, i))];
  }
}

// Element i of 256 in two bits: 32 bytes hold 128 elements, the lowest bits those of the first 32.
int two_bits(Bytes quants, int i) {
  return quants[i / 128 * 32 + i % 32] >> (i % 128 / 32 * 2) & 3;
}

// scales (16), quants (64), d, dmin
void q2_k(Bytes block, float* target) {
  const float d = half(block + 80);
  const float dmin = half(block + 82);
  for (int i = 0; i < kLarge; ++i) {
    const std::uint8_t scale = block[i / 16];
    const float dl = d * static_cast<float>(low(scale));
    const float ml = dmin * static_cast<float>(high(scale));
    target[i] = dl * static_cast<float>(two_bits(block + 16, i)) - ml;
  }
}

// hmask (32), quants (64), scales (12: 16 of six bits), d
void q3_k(Bytes block, float* target) {
  Bytes scales = block + 96;
  const float d = half(block + 108);
  for (int group = 0; group < 16; ++group) {
    const int lower = group < 8 ? low(scales[group]) : high(scales[group - 8]);
    const int upper = scales[8 + group % 4] >> (group / 4 * 2) & 3;
    const float dl = d * static_cast<float>((lower | upper << 4) - 32);
    for (int i = group * 16; i < group * 16 + 16; ++i) {
      const bool is_kept = (block[i % 32] >> (i / 32) & 1) != 0;  // without the bit 4 is subtracted
      target[i] = dl * static_cast<float>(two_bits(block + 32, i) - (is_kept ? 0 : 4));
    }
  }
}

struct ScaleAndMinimum {
  float scale = 0.0F;
  float minimum = 0.0F;
};

// Of Q4_K and Q5_K: 8 scales and 8 minima of six bits in 12 bytes.
ScaleAndMinimum six_bits(Bytes scales, int group) {
  if (group < 4) {
    return {static_cast<float>(scales[group] & 0x3F), static_cast<float>(scales[group + 4] & 0x3F)};
  }
  const std::uint8_t both = scales[group + 4];
  return {static_cast<float>(low(both) | (scales[group - 4] >> 2 & 0x30)),
          static_cast<float>(high(both) | (scales[group] >> 2 & 0x30))};
}

// Group g of 32 elements: 32 bytes hold two, in their low and high halves.
int four_bits_of_group(Bytes quants, int group, int i) {
  const std::uint8_t byte = quants[group / 2 * 32 + i];
  return group % 2 == 0 ? low(byte) : high(byte);
}

// Of Q4_K and Q5_K: d, dmin and scales (12), then what `quant_of(group, i)` reads.
template <typename QuantOf>
void scaled_groups(Bytes block, float* target, QuantOf quant_of) {
  const float d = half(block);
  const float dmin = half(block + 2);
  for (int group = 0; group < 8; ++group) {
    const auto [scale, minimum] = six_bits(block + 4, group);
    const float dl = d * scale;
    const float ml = dmin * minimum;
    for (int i = 0; i < 32; ++i) *target++ = dl * static_cast<float>(quant_of(group, i)) - ml;
  }
}

// quants (128)
void q4_k(Bytes block, float* target) {
  scaled_groups(block, target,
                [&](int group, int i) { return four_bits_of_group(block + 16, group, i); });
}

// fifth bits (32), quants (128)
void q5_k(Bytes block, float* target) {
  scaled_groups(block, target, [&](int group, int i) {
    const int fifth = block[16 + i] >> group & 1;
    return four_bits_of_group(block + 48, group, i) | fifth << 4;
  });
}

// low four bits (128), high two bits (64), scales (16, signed), d
void q6_k(Bytes block, float* target) {
  const float d = half(block + 208);
  for (int i = 0; i < kLarge; ++i) {
    const std::uint8_t byte = block[i / 128 * 64 + i % 64];
    const int lower = i % 128 < 64 ? low(byte) : high(byte);
    const int q = lower | two_bits(block + 128, i) << 4;
    const auto scale = static_cast<std::int8_t>(block[192 + i / 16]);
    target[i] = d * static_cast<float>(scale) * static_cast<float>(q - 32);
  }
}

// d, upper bits of the scales (2), lower ones (4), quants (128)
void iq4_xs(Bytes block, float* target) {
  const float d = half(block);
  const int upper = block[2] | block[3] << 8;
  for (int group = 0; group < 8; ++group) {
    const std::uint8_t byte = block[4 + group / 2];
    const int lower = group % 2 == 0 ? low(byte) : high(byte);
    const float dl = d * static_cast<float>((lower | (upper >> (2 * group) & 3) << 4) - 32);
    const Bytes quants = block + std::ptrdiff_t{8} + std::ptrdiff_t{16} * group;
    for (int i = 0; i < 32; ++i) {
      const int q = four_bits(quants, i);
      *target++ = dl * kIq4Values[static_cast<std::size_t>(q)];
    }
  }
}

struct Decoder {
  std::string_view type;
  BlockFunction decode = nullptr;  // nullptr: numbers one by one, or base/q8_0.h
};
constexpr std::array<Decoder, 15> kDecoders = {{{"F32"},
                                                {"F16"},
                                                {"BF16"},
                                                {"Q8_0"},
                                                {"Q4_0", q4_0},
                                                {"Q4_1", q4_1},
                                                {"Q5_0", q5_0},
                                                {"Q5_1", q5_1},
                                                {"Q2_K", q2_k},
                                                {"Q3_K", q3_k},
                                                {"Q4_K", q4_k},
                                                {"Q5_K", q5_k},
                                                {"Q6_K", q6_k},
                                                {"IQ4_NL", iq4_nl},
                                                {"IQ4_XS", iq4_xs}}};

const Decoder* find_decoder(const GgmlType& type) {
  for (const Decoder& decoder : kDecoders) {
    if (decoder.type == type.name) return &decoder;
  }
  return nullptr;
}

}  // namespace

bool can_dequantize(const GgmlType& type) { return find_decoder(type) != nullptr; }

std::string dequantizable_types() { return joined(kDecoders, &Decoder::type); }

void dequantize(const GgmlType& type, std::span<const std::byte> source, std::span<float> target) {
  const Decoder* decoder = find_decoder(type);
  const std::size_t blocks = target.size() / type.block_size;
  if (decoder == nullptr || blocks * type.block_size != target.size() ||
      blocks * type.block_bytes != source.size()) {
    fail(ErrorKind::internal, "dequantize: ", source.size(), " bytes of ", type.name, " for ",
         target.size(), " values");
  }
  if (type.dtype) return to_f32(*type.dtype, source, target);
  if (decoder->decode == nullptr) return dequantize_q8_0(source, target);
  const auto* block = reinterpret_cast<Bytes>(source.data());
  float* values = target.data();
  for (std::size_t i = 0; i < blocks; ++i) {
    decoder->decode(block, values);
    block += type.block_bytes;
    values += type.block_size;
  }
}

}  // namespace dnd::formats
