#include "text/unicode.h"

#include <utf8proc.h>

#include <array>

namespace dnd::text {
namespace {

const utf8proc_property_t& property(char32_t point) {
  return *utf8proc_get_property(static_cast<utf8proc_int32_t>(point));
}

std::u32string decomposed(char32_t point, int options) {
  // Canonical decompositions have at most 4, compatible ones 18.
  std::array<utf8proc_int32_t, 18> parts{};
  int boundary = 0;
  const auto count =
      utf8proc_decompose_char(static_cast<utf8proc_int32_t>(point), parts.data(), parts.size(),
                              static_cast<utf8proc_option_t>(options), &boundary);
  if (count <= 0) return {point};
  return {parts.begin(), parts.begin() + count};
}

}  // namespace

std::u32string decode_utf8(std::string_view text) {
  std::u32string points;
  points.reserve(text.size());
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  for (std::size_t i = 0; i < text.size();) {
    utf8proc_int32_t point = 0;
    const auto left = static_cast<utf8proc_ssize_t>(text.size() - i);
    const utf8proc_ssize_t length = utf8proc_iterate(bytes + i, left, &point);
    points += length > 0 ? static_cast<char32_t>(point) : U'\uFFFD';
    i += length > 0 ? static_cast<std::size_t>(length) : 1;
  }
  return points;
}

void append_utf8(std::string& text, char32_t point) {
  std::array<utf8proc_uint8_t, 4> bytes{};
  const auto length = utf8proc_encode_char(static_cast<utf8proc_int32_t>(point), bytes.data());
  text.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(length));
}

std::string well_formed(std::string_view text) {
  std::string out;
  for (const char32_t point : decode_utf8(text)) append_utf8(out, point);
  return out;
}

std::string lower_case(std::string_view text) {
  std::u32string lower;
  for (const char32_t point : decode_utf8(text)) append_lower(lower, point);
  std::string out;
  for (const char32_t point : lower) append_utf8(out, point);
  return out;
}

bool is_whitespace(char32_t point) {
  return (point >= 0x09 && point <= 0x0D) || point == 0x20 || point == 0x85 || point == 0xA0 ||
         point == 0x1680 || (point >= 0x2000 && point <= 0x200A) || point == 0x2028 ||
         point == 0x2029 || point == 0x202F || point == 0x205F || point == 0x3000;
}

std::u32string decompose(char32_t point) { return decomposed(point, UTF8PROC_DECOMPOSE); }

void append_lower(std::u32string& text, char32_t point) {
  if (point == 0x130) {
    text += U"i\u0307";
  } else {
    text += static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(point)));
  }
}

std::uint8_t general_category(char32_t point) {
  return static_cast<std::uint8_t>(property(point).category);
}

int combining_class(char32_t point) { return property(point).combining_class; }

char32_t simple_lower(char32_t point) {
  return static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(point)));
}

char32_t simple_upper(char32_t point) {
  return static_cast<char32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(point)));
}

std::u32string decompose_compatibility(char32_t point) {
  return decomposed(point, UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT);
}

bool has_canonical_decomposition(char32_t point) {
  return property(point).decomp_seqindex != UINT16_MAX && property(point).decomp_type == 0;
}

bool joins_cluster(char32_t before, char32_t point, std::int32_t& state) {
  return !utf8proc_grapheme_break_stateful(static_cast<utf8proc_int32_t>(before),
                                           static_cast<utf8proc_int32_t>(point), &state);
}

}  // namespace dnd::text
