// What kernels need so that the same code runs on a CUDA device and, as its host twin, on the CPU.
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__CUDACC__)
#include <cuda_fp16.h>
#define DND_HD __host__ __device__
#else
#define DND_HD
#endif

#if !defined(__CUDA_ARCH__)
#include <bit>

#include "base/dtype.h"
#endif

namespace dnd::ops::cuda {

struct Complex {
  float real;
  float imaginary;
};

// Shared memory of a block: what every device gives without asking, and what every one of compute
// capability 8.0 or newer has where it is asked for (the smallest of them has 99 KiB).
constexpr std::size_t kPlainSharedBytes = std::size_t{48} << 10U;
constexpr std::size_t kMaxSharedBytes = std::size_t{96} << 10U;

// Blocks of a launch.
struct Grid {
  std::int64_t x = 1;
  std::int64_t y = 1;
  std::int64_t z = 1;
};

// One block of it.
struct Block {
  int x;
  int y;
  int z;
};

constexpr DND_HD int pieces(int whole, int piece) { return (whole + piece - 1) / piece; }

// fp16 bits, rounded to nearest even.
DND_HD inline std::uint16_t to_half(float value) {
#if defined(__CUDA_ARCH__)
  return __half_as_ushort(__float2half_rn(value));
#else
  return f32_to_f16(value);
#endif
}

DND_HD inline float from_half(std::uint16_t bits) {
#if defined(__CUDA_ARCH__)
  return __half2float(__ushort_as_half(bits));
#else
  return f16_to_f32(bits);
#endif
}

DND_HD inline std::uint32_t float_bits(float value) {
#if defined(__CUDA_ARCH__)
  return __float_as_uint(value);
#else
  return std::bit_cast<std::uint32_t>(value);
#endif
}

DND_HD inline float float_of_bits(std::uint32_t bits) {
#if defined(__CUDA_ARCH__)
  return __uint_as_float(bits);
#else
  return std::bit_cast<float>(bits);
#endif
}

// Bits of |value|: as integers they have the order of the magnitudes, infinity and NaN last.
DND_HD inline std::uint32_t magnitude_bits(float value) { return float_bits(value) & 0x7FFFFFFFU; }

// *target = max(*target, value), whichever block comes first.
DND_HD inline void atomic_max(std::uint32_t* target, std::uint32_t value) {
#if defined(__CUDA_ARCH__)
  atomicMax(target, value);
#else
  if (value > *target) *target = value;
#endif
}

// 2^exponent for -126 <= exponent <= 127.
DND_HD inline float power_of_two(int exponent) {
  return float_of_bits(static_cast<std::uint32_t>(exponent + 127) << 23U);
}

// The e for which sums of 2^log2_terms values of at most the magnitude with these bits, multiplied
// by 2^e, stay at or below 2^15: inside fp16 (65504) whatever the values are. Power-of-two scales
// cost no rounding. 0 where the magnitude is zero or not finite.
DND_HD inline int range_exponent(std::uint32_t magnitude, int log2_terms) {
  constexpr int kLargest = 15;
  constexpr int kLimit = 100;  // of tiny values: 2^-e stays a normal float with room to spare
  const int biased = static_cast<int>(magnitude >> 23U);
  if (magnitude == 0 || biased == 255) return 0;
  const int exponent = kLargest - (biased - 127 + 1) - log2_terms;
  return exponent < kLimit ? exponent : kLimit;
}

}  // namespace dnd::ops::cuda
