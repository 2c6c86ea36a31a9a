#include <array>

#include "target/base_model.h"

namespace dnd::target {
namespace {

// Prefixes that name the same part of a model: transformers before 4.52, since then, and the classes
// that keep a whole language model inside.
constexpr std::array<std::array<std::string_view, 3>, 3> kPrefixes = {{
    {"model.layers.", "model.language_model.layers.", "language_model.model.layers."},
    {"visual.", "model.visual.", ""},
    {"transformer.h.", "h.", ""},  // GPT-2 with and without its output head
}};

}  // namespace

std::vector<std::string> module_aliases(std::string_view path) {
  std::vector<std::string> names = {std::string(path)};
  for (const auto& group : kPrefixes) {
    for (const std::string_view prefix : group) {
      if (prefix.empty() || !path.starts_with(prefix)) continue;
      for (const std::string_view other : group) {
        if (other.empty() || other == prefix) continue;
        names.push_back(std::string(other) + std::string(path.substr(prefix.size())));
      }
      return names;
    }
  }
  return names;
}

const Linear* find_linear(const BaseModel& base, std::string_view path) {
  for (const std::string& name : module_aliases(path)) {
    for (const auto* list : {&base.linears, &base.experts}) {
      for (const Linear& linear : *list) {
        if (linear.path == name) return &linear;
      }
    }
    if (base.head && base.head->path == name) return &*base.head;
  }
  return nullptr;
}

}  // namespace dnd::target
