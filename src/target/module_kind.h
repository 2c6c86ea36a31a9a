// Which modules are the same in another block.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dnd::target {

// A path with its first block index apart: "model.layers.3.mlp.up_proj" is index 3 of kind
// "model.layers.{i}.mlp.up_proj". Without an index the kind is the path.
struct ModulePlace {
  std::string kind;
  std::optional<std::int64_t> index;
};
ModulePlace module_place(std::string_view path);

}  // namespace dnd::target
