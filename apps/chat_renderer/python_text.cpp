#include "python_text.h"

#include <algorithm>

namespace dnd::renderer {
namespace {

// The length of the code point that begins with `first`.
std::size_t length_of(char first) {
  const auto byte = static_cast<unsigned char>(first);
  return byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

std::size_t begin_of_last(std::string_view text) {
  std::size_t at = text.size() - 1;
  while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80) --at;
  return at;
}

// str.isspace of one code point.
bool is_space(std::string_view point) {
  static constexpr std::string_view kAscii = "\t\n\v\f\r\x1C\x1D\x1E\x1F ";
  if (point.size() == 1) return kAscii.find(point) != std::string_view::npos;
  static constexpr std::string_view kOthers[] = {"\u0085", "\u00A0", "\u1680", "\u2000", "\u2001",
                                                 "\u2002", "\u2003", "\u2004", "\u2005", "\u2006",
                                                 "\u2007", "\u2008", "\u2009", "\u200A", "\u2028",
                                                 "\u2029", "\u202F", "\u205F", "\u3000"};
  return std::find(std::begin(kOthers), std::end(kOthers), point) != std::end(kOthers);
}

}  // namespace

std::vector<std::string> code_points(std::string_view text) {
  std::vector<std::string> points;
  for (std::size_t at = 0; at < text.size(); at += points.back().size()) {
    points.emplace_back(text.substr(at, length_of(text[at])));
  }
  return points;
}

std::size_t count_code_points(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80;
  }));
}

std::string stripped(std::string_view text, bool left, bool right,
                     const std::optional<std::string>& chars) {
  const auto goes = [set = chars ? code_points(*chars) : std::vector<std::string>(),
                     &chars](std::string_view point) {
    return chars ? std::find(set.begin(), set.end(), point) != set.end() : is_space(point);
  };
  while (left && !text.empty() && goes(text.substr(0, length_of(text[0])))) {
    text.remove_prefix(length_of(text[0]));
  }
  while (right && !text.empty() && goes(text.substr(begin_of_last(text)))) {
    text = text.substr(0, begin_of_last(text));
  }
  return std::string(text);
}

std::vector<std::string> split_text(std::string_view text, std::string_view separator,
                                    std::int64_t most) {
  std::vector<std::string> parts;
  for (std::size_t at = text.find(separator); at != std::string_view::npos && most != 0;
       at = text.find(separator), --most) {
    parts.emplace_back(text.substr(0, at));
    text.remove_prefix(at + separator.size());
  }
  parts.emplace_back(text);
  return parts;
}

std::vector<std::string> split_from_right(std::string_view text, std::string_view separator,
                                          std::int64_t most) {
  std::vector<std::string> parts;
  for (std::size_t at = text.rfind(separator); at != std::string_view::npos && most != 0;
       at = text.rfind(separator), --most) {
    parts.emplace_back(text.substr(at + separator.size()));
    text = text.substr(0, at);
  }
  parts.emplace_back(text);
  std::reverse(parts.begin(), parts.end());
  return parts;
}

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  bool inside = false;
  for (const std::string& point : code_points(text)) {
    const bool space = is_space(point);
    if (!space && !inside) words.emplace_back();
    if (!space) words.back() += point;
    inside = !space;
  }
  return words;
}

std::string replaced(std::string_view text, std::string_view old, std::string_view with,
                     std::int64_t count) {
  std::string out;
  if (old.empty()) {  // before every code point and at the end
    for (const std::string& point : code_points(text)) {
      if (count != 0) out += with;
      if (count > 0) --count;
      out += point;
    }
    if (count != 0) out += with;
    return out;
  }
  for (std::size_t at = text.find(old); at != std::string_view::npos && count != 0;
       at = text.find(old), --count) {
    out += text.substr(0, at);
    out += with;
    text.remove_prefix(at + old.size());
  }
  out += text;
  return out;
}

std::vector<std::size_t> slice_indices(std::optional<std::int64_t> start,
                                       std::optional<std::int64_t> stop, std::int64_t step,
                                       std::int64_t length) {
  const std::int64_t low = step < 0 ? -1 : 0;
  const std::int64_t high = step < 0 ? length - 1 : length;
  const auto bound = [&](std::optional<std::int64_t> given, std::int64_t otherwise) {
    if (!given) return otherwise;
    return std::clamp(*given < 0 ? *given + length : *given, low, high);
  };
  std::vector<std::size_t> indices;
  const std::int64_t last = bound(stop, step < 0 ? low : high);
  for (std::int64_t at = bound(start, step < 0 ? high : low); step < 0 ? at > last : at < last;) {
    indices.push_back(static_cast<std::size_t>(at));
    if (step > length || step < -length) break;  // no second one, and no overflow
    at += step;
  }
  return indices;
}

}  // namespace dnd::renderer
