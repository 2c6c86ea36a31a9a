#include "lm/stop_texts.h"

#include <algorithm>

namespace dnd::lm {

std::optional<std::size_t> find_stop(std::string_view text, std::span<const std::string> stops) {
  std::size_t first = std::string_view::npos;
  for (const std::string& stop : stops) first = std::min(first, text.find(stop));
  if (first == std::string_view::npos) return std::nullopt;
  return first;
}

std::size_t certain_length(std::string_view text, std::span<const std::string> stops) {
  std::size_t begun = 0;  // bytes of a stop at the end of the text
  for (const std::string& stop : stops) {
    std::size_t length = std::min(stop.size() - 1, text.size());
    while (length > begun && !text.ends_with(std::string_view(stop).substr(0, length))) --length;
    begun = std::max(begun, length);
  }
  return text.size() - begun;
}

}  // namespace dnd::lm
