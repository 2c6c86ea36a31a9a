// A quick hash of short byte strings. Not for what an attacker chooses: tables that use it stay right, and
// become slow.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace dnd::tokenizer {

inline std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

inline std::uint64_t hash_bytes(std::string_view text) {
  constexpr std::uint64_t kFirst = 0x9E3779B97F4A7C15U;
  constexpr std::uint64_t kSecond = 0xD6E8FEB86659FD93U;
  std::uint64_t hash = kFirst ^ text.size();
  const char* at = text.data();
  std::size_t left = text.size();
  for (; left >= 8; left -= 8, at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, 8);
    hash = mix(hash ^ word, kSecond);
  }
  std::uint64_t word = 0;
  if (left >= 4) {
    std::uint32_t low = 0;
    std::uint32_t high = 0;
    std::memcpy(&low, at, 4);
    std::memcpy(&high, at + left - 4, 4);
    word = std::uint64_t{high} << 32U | low;
  } else if (left > 0) {
    word = static_cast<unsigned char>(at[0]) |
           std::uint64_t{static_cast<unsigned char>(at[left / 2])} << 8U |
           std::uint64_t{static_cast<unsigned char>(at[left - 1])} << 16U;
  }
  return mix(hash ^ word, kFirst);
}

}  // namespace dnd::tokenizer
