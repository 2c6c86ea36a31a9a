// Which of a base model's linear layers get an adapter.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "target/base_model.h"

namespace dnd::adapter {

// Blocks by their number, both ends among them.
struct LayerRange {
  std::int64_t first = 0;
  std::int64_t last = 0;
};

struct TargetOptions {
  // Empty: the default, all linear layers of the repeated blocks, without towers that serve a language
  // model (vision, audio), modulation layers and routers; embedders, mergers and heads stand outside
  // of the blocks.
  // Else names and patterns: a plain name matches a whole path or what follows a dot of it, as in
  // PEFT; one with * or ? matches the whole path, * any characters, ? one; "all-linear" matches all.
  std::vector<std::string> targets;
  bool experts = false;              // the experts of mixtures may be chosen too
  std::optional<LayerRange> layers;  // of these blocks alone
};

// Layers left out for one reason. `modules` are names with {i} for the block, each once.
struct SkippedLinears {
  std::string reason;  // e.g. "vision or audio tower"
  std::int64_t count = 0;
  std::vector<std::string> modules;
};

struct SelectedTargets {
  std::vector<target::Linear> chosen;  // in model order, experts of a block after its others
  std::vector<SkippedLinears> skipped;
};

// Throws Error(usage) for a target that matches nothing, naming the nearest module, and Error(data)
// if nothing is left to choose by default.
SelectedTargets select_targets(const target::BaseModel& base, const TargetOptions& options);

// Whether `pattern` (as in TargetOptions::targets) matches `path`.
bool matches_target(std::string_view pattern, std::string_view path);

}  // namespace dnd::adapter
