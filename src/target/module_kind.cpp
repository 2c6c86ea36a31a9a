#include "target/module_kind.h"

#include <charconv>

#include "base/strings.h"

namespace dnd::target {
namespace {

std::optional<std::int64_t> as_index(std::string_view part) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
  const bool whole = error == std::errc() && end == part.data() + part.size();
  return whole && value >= 0 && !part.empty() ? std::optional(value) : std::nullopt;
}

}  // namespace

ModulePlace module_place(std::string_view path) {
  ModulePlace place;
  for (const std::string_view part : split(path, '.')) {
    if (!place.kind.empty()) place.kind += '.';
    const auto index = place.index ? std::nullopt : as_index(part);
    if (index) place.index = index;
    place.kind += index ? "{i}" : part;
  }
  return place;
}

}  // namespace dnd::target
