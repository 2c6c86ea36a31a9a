// Small text helpers shared by all layers.
#pragma once

#include <cstdint>
#include <functional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dnd/error.h"

namespace dnd {

// Concatenates the streamed forms of its arguments.
template <typename... Parts>
std::string cat(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

// Throws Error(kind) with the concatenated message.
template <typename... Parts>
[[noreturn]] void fail(ErrorKind kind, const Parts&... parts) {
  throw Error(kind, cat(parts...));
}

// "a, b, c": what `text_of` gives of each, a function or a member.
template <typename Range, typename TextOf = std::identity>
std::string joined(const Range& range, TextOf text_of = {}) {
  std::ostringstream out;
  const char* between = "";
  for (const auto& each : range) out << std::exchange(between, ", ") << std::invoke(text_of, each);
  return out.str();
}

// "[10, 130]"; of a shape from a hostile file the first 16 sizes and how many there are.
std::string shape_text(const std::vector<std::int64_t>& shape);

// A name from a file as it may appear in a message: control characters and invalid UTF-8 escaped,
// cut after 120 bytes. Keeps hostile files from writing to the terminal.
std::string printable(std::string_view text);

// "1.5 GB" (powers of 1000), for people; never parsed.
std::string human_bytes(std::uint64_t bytes);

// For people: `digits` behind the point ("96.50"), or `digits` that count ("0.0123", "1.2e+09").
std::string fixed_digits(double value, int digits);
std::string significant_digits(double value, int digits);

// What the system says of an error number ("No such file or directory").
std::string system_reason(int error);

std::string to_hex(const std::uint8_t* bytes, std::size_t count);

// ASCII white space, and a text without it at both ends.
inline constexpr std::string_view kBlank = " \t\r\n\v\f";
std::string trimmed(std::string_view text);

// A to Z in lower case, whatever the locale.
std::string lower_ascii(std::string text);

std::vector<std::string_view> split(std::string_view text, char separator);
bool is_valid_utf8(std::string_view text);
// Whether a byte of UTF-8 is none of a character's first.
constexpr bool continues_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

// The entry of `candidates` nearest to `word` by edit distance, or "" if none is close enough to be
// a likely typing error.
std::string nearest_word(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace dnd
