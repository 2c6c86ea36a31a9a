#include "lm/window_config.h"

#include <string>

#include "base/strings.h"
#include "lm/refuse_config.h"

namespace dnd::lm {
namespace {

constexpr std::int64_t kMostLayers = 1 << 20;
constexpr const char* kWindow = "sliding_window";
constexpr const char* kTypes = "layer_types";
constexpr const char* kNoRope = "no_rope_layers";

void set_turns(JsonObject& json, std::vector<LayerKind>& kinds) {
  const std::int64_t every = json.integer_or("no_rope_layer_interval", 4, 1, kMostLayers);
  std::vector<std::int64_t> given;
  if (json.has(kNoRope)) {
    given = json.integers(kNoRope, 0, 1);
    if (given.size() < kinds.size()) {
      refuse_config(
          json, cat("'", kNoRope, "': ", given.size(), " values for ", kinds.size(), " layers"));
    }
  }
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const bool usual = static_cast<std::int64_t>(i + 1) % every != 0;
    kinds[i].turns = given.empty() ? usual : given[i] == 1;
  }
}

std::vector<bool> read_types(JsonObject& json, std::size_t layers) {
  const Json& types = json.array(kTypes);
  if (types.size() != layers) {
    refuse_config(json, cat("'", kTypes, "': ", types.size(), " values for ", layers, " layers"));
  }
  std::vector<bool> slide;
  for (const Json& type : types) {
    slide.push_back(type == "sliding_attention");
    if (slide.back() || type == "full_attention") continue;
    refuse_config(json, cat("'", kTypes, "': ", printable(json_line(type)),
                            ", supported: full_attention, sliding_attention"));
  }
  return slide;
}

bool slides_by_class(JsonObject& json, const WindowRules& rules, const LayerKind& kind,
                     std::int64_t layer) {
  switch (rules.layers) {
    case Windows::none:
      return false;
    case Windows::all:
      return true;
    case Windows::upper:
      return layer >= json.integer_or("max_window_layers", 28, 0, kMostLayers);
    case Windows::pattern:
      return (layer + 1) %
                 json.integer_or("sliding_window_pattern", rules.period, 1, kMostLayers) !=
             0;
    case Windows::no_ropes:
      return json.boolean_or("use_sliding_window", false) && !kind.turns;
  }
  return false;
}

// 0: none.
std::int64_t read_window(JsonObject& json, const WindowRules& rules) {
  if (rules.layers == Windows::none || json.is_null(kWindow)) return 0;
  if (rules.layers == Windows::upper && !json.boolean_or("use_sliding_window", false)) return 0;
  return json.has(kWindow) ? json.integer(kWindow, 1, INT32_MAX) : rules.usual;
}

void slide(JsonObject& json, std::int64_t window, LayerKind& kind) {
  if (window == 0) refuse_config(json, cat("no ", kWindow, " for layers that need one"));
  kind.slides = true;
  kind.window = window;
}

}  // namespace

std::vector<LayerKind> read_layer_kinds(JsonObject& json, const WindowRules& rules,
                                        std::int64_t layers) {
  std::vector<LayerKind> kinds(static_cast<std::size_t>(layers));
  if (rules.no_rope_layers) set_turns(json, kinds);
  const bool fixed = rules.layers == Windows::none || rules.layers == Windows::all;
  const bool typed = !fixed && json.has(kTypes);
  const std::vector<bool> types = typed ? read_types(json, kinds.size()) : std::vector<bool>();
  const std::int64_t window = read_window(json, rules);
  // What the classes take for layers that slide by themselves is silent about a window that is missing.
  if (window == 0 && !typed && rules.layers != Windows::pattern) return kinds;
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const auto layer = static_cast<std::int64_t>(i);
    if (typed ? types[i] : slides_by_class(json, rules, kinds[i], layer)) {
      slide(json, window, kinds[i]);
    }
  }
  return kinds;
}

}  // namespace dnd::lm
