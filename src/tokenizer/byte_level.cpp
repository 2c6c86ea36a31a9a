#include "tokenizer/byte_level.h"

#include <array>

#include "tokenizer/code_points.h"

namespace dnd::tokenizer {
namespace {

constexpr bool stands_for_itself(unsigned byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

// The others are U+0100, U+0101, ... in order.
constexpr std::array<char16_t, 256> make_characters() {
  std::array<char16_t, 256> characters{};
  char16_t next = 0x100;
  for (unsigned byte = 0; byte < 256; ++byte) {
    characters[byte] = stands_for_itself(byte) ? static_cast<char16_t>(byte) : next++;
  }
  return characters;
}
constexpr std::array<char16_t, 256> kCharacters = make_characters();

}  // namespace

char32_t byte_character(unsigned char byte) { return kCharacters[byte]; }

void append_byte_level(std::string& out, std::string_view bytes) {
  for (const char byte : bytes) append_point(out, kCharacters[static_cast<unsigned char>(byte)]);
}

std::optional<unsigned char> character_byte(char32_t point) {
  if (point < 0x100) {
    if (!stands_for_itself(point)) return std::nullopt;
    return static_cast<unsigned char>(point);
  }
  if (point >= 0x144) return std::nullopt;
  for (unsigned byte = 0; byte < 256; ++byte) {
    if (kCharacters[byte] == point) return static_cast<unsigned char>(byte);
  }
  return std::nullopt;
}

}  // namespace dnd::tokenizer
