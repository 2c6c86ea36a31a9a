// Overflow-checked arithmetic for sizes that come from files.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace dnd {

// nullopt on overflow.
inline std::optional<std::uint64_t> checked_mul(std::uint64_t a, std::uint64_t b) {
  std::uint64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
  return product;
}

inline std::optional<std::uint64_t> checked_add(std::uint64_t a, std::uint64_t b) {
  std::uint64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) return std::nullopt;
  return sum;
}

// Number of elements of a shape; nullopt where it overflows or a dimension is negative.
inline std::optional<std::uint64_t> checked_elements(const std::vector<std::int64_t>& shape) {
  std::uint64_t count = 1;
  for (const std::int64_t size : shape) {
    if (size < 0) return std::nullopt;
    const auto next = checked_mul(count, static_cast<std::uint64_t>(size));
    if (!next) return std::nullopt;
    count = *next;
  }
  return count;
}

}  // namespace dnd
