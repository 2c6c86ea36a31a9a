// The project's random numbers: the same on every platform, documented, seeded explicitly.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

namespace dnd {

// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", OOPSLA 2014).
class SplitMix64 {
 public:
  explicit SplitMix64(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    state_ += 0x9E3779B97F4A7C15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31U);
  }

  // Uniform in [0, bound), without bias: draws below 2^64 mod bound are thrown away. bound > 0.
  std::uint64_t below(std::uint64_t bound) {
    const std::uint64_t threshold = (0 - bound) % bound;
    for (;;) {
      const std::uint64_t draw = next();
      if (draw >= threshold) return draw % bound;
    }
  }

  // Uniform in [0, 1): the upper 24 bits, exact in fp32.
  float unit() { return static_cast<float>(next() >> 40U) * 0x1p-24F; }

 private:
  std::uint64_t state_;
};

// `count` of the indices 0..size-1, without replacement, in the order drawn: the first `count`
// steps of a Fisher-Yates shuffle, step i swapping i with i + below(size - i). All of them in the
// order drawn where count >= size.
inline std::vector<std::size_t> draw_without_replacement(std::size_t size, std::size_t count,
                                                         SplitMix64& random) {
  std::vector<std::size_t> order(size);
  std::iota(order.begin(), order.end(), std::size_t{0});
  const std::size_t steps = std::min(count, size);
  for (std::size_t i = 0; i < steps; ++i) {
    std::swap(order[i], order[i + random.below(size - i)]);
  }
  order.resize(steps);
  return order;
}

}  // namespace dnd
