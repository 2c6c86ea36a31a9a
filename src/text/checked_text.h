// Whether bytes that were given as a prompt file are text at all.
#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/strings.h"

namespace dnd::text {

// `content` without its byte-order mark. Throws Error(data) of what is not UTF-8 without NUL bytes, and of
// files of another kind by its name, with what makes a prompt file of them: Parquet, Arrow, archives and
// other compressions, spreadsheets, YAML, Git LFS pointers, UTF-16 and UTF-32.
std::string_view checked_text(std::string_view content, const std::filesystem::path& path,
                              const std::string& who);

inline bool is_blank_line(std::string_view text) {
  return text.find_first_not_of(kBlank) == std::string_view::npos;
}

// Takes the next line off `rest`, without its "\n" or "\r\n".
inline std::string_view take_line(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\n'), rest.size());
  std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// Calls action(line, where) for every line that is not blank.
template <typename Action>
void for_each_line(std::string_view content, const std::string& who, const Action& action) {
  for (std::size_t number = 1; !content.empty(); ++number) {
    const std::string_view line = take_line(content);
    if (!is_blank_line(line)) action(line, cat(who, ": line ", number));
  }
}

}  // namespace dnd::text
