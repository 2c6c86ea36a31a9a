#include "tasks/named_path.h"

#include <algorithm>

#include "base/strings.h"
#include "text/unicode.h"

namespace dnd::tasks {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kMaxName = 255;
constexpr std::size_t kMaxPath = 1024;

bool has_control_character(const std::string& text) {
  const std::u32string points = text::decode_utf8(text);
  return std::any_of(points.begin(), points.end(),
                     [](char32_t c) { return c < 0x20 || (c >= 0x7F && c <= 0x9F); });
}

std::string problem_of(const std::string& text) {
  if (text.empty()) return "is empty";
  if (has_control_character(text)) return "has a control character";
  const auto names = split(text, '/');
  const bool long_name = std::any_of(names.begin(), names.end(),
                                     [](std::string_view name) { return name.size() > kMaxName; });
  return long_name || text.size() > kMaxPath ? "is too long" : "";
}

}  // namespace

fs::path named_path(JsonObject& object, const std::string& key, const fs::path& folder) {
  const std::string text = object.text(key);
  const std::string problem = problem_of(text);
  if (problem.empty()) return folder / text;
  fail(ErrorKind::data, object.where(), ": '", key, "': the path '", printable(text), "' ",
       problem);
}

}  // namespace dnd::tasks
