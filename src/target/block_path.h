// Where a module stands in its model: which repeated block, which tower.
//
// All rules work on names alone, so they hold for models nobody has described.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "target/base_model.h"

namespace dnd::target {

// "model.layers.3.self_attn.q_proj" -> "model.layers.{i}", 3, "self_attn.q_proj".
struct BlockPath {
  std::string prefix;
  std::int64_t index = 0;
  std::string name;  // below the block, not empty
};

// Cut at the first component that is a plain number; nullopt without one, or where it is the last
// component (an item of a sequence, such as "merger.mlp.2").
std::optional<BlockPath> parse_block_path(std::string_view path);

// What the module is in whichever block: "model.layers.{i}.self_attn.q_proj"; the path itself outside
// of blocks.
std::string module_kind(std::string_view path);

// The prefixes that name repeated blocks: those with two indices or more, and those called a list of
// blocks ("...layers", "...blocks", "...refiner", "h"). So a lone "embedder.net.0.proj" is none.
std::set<std::string> repeated_blocks(const std::vector<Linear>& linears);

// Below a vision or audio encoder: a component "visual", "audio..." or one with "vision" in it.
bool is_tower(std::string_view path);

// Whether the model has linear layers inside and outside of towers: then the towers serve the rest.
bool has_side_tower(const std::vector<Linear>& linears);

// Below a layer that only makes shifts, scales and gates from the time step: a component "mod",
// "..._mod", "...modulation..." or "adaLN...", or the "linear" of a "norm...".
bool is_modulation(std::string_view path);

// The layer that chooses experts: "gate", "router" or "shared_expert_gate".
bool is_router(std::string_view path);

// The expert's number of "model.layers.0.mlp.experts.7.up_proj"; nullopt for other modules.
std::optional<std::int64_t> expert_number(std::string_view path);

// Sorts into model order (docs/formats.md, "Base models"): block kinds by first appearance, but
// "single_..." blocks after the others, then towers, then what is outside of blocks; within a kind
// by index as a number; within a block q, k, v, o, up, gate, down, then other names by first
// appearance; experts by number.
void sort_in_model_order(std::vector<Linear>& linears);

}  // namespace dnd::target
