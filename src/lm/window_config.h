// Which layers see a window of the last tokens only, and which know no positions.
#pragma once

#include <cstdint>
#include <vector>

#include "base/json.h"

namespace dnd::lm {

// Which layers slide where "layer_types" does not say. `all` and `none` do not ask for it.
enum class Windows {
  none,
  all,
  upper,     // from max_window_layers on, with use_sliding_window
  pattern,   // all but each `period`-th
  no_ropes,  // those without positions, with use_sliding_window
};

// Where classes differ.
struct WindowRules {
  Windows layers = Windows::none;
  std::int64_t usual = 0;       // size where the config is silent; 0: none
  std::int64_t period = 0;      // of a pattern; "sliding_window_pattern" goes before
  bool no_rope_layers = false;  // the class has layers without positions
};

struct LayerKind {
  bool slides = false;
  std::int64_t window = 0;  // tokens, of one that slides; 0: all
  bool turns = true;        // by rotary positions
};

// One for each layer. Throws Error(data) naming what is wrong or not supported.
std::vector<LayerKind> read_layer_kinds(JsonObject& json, const WindowRules& rules,
                                        std::int64_t layers);

}  // namespace dnd::lm
