// How many attention heads a language model has.
#pragma once

#include <cstdint>

namespace dnd::formats {

// The rows of its query and key projections are in an order that depends on it (gguf_names.h).
struct AttentionHeads {
  std::int64_t attention = 0;
  std::int64_t key_value = 0;
};

}  // namespace dnd::formats
