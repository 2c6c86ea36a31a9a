#include "adapter/select_targets.h"

#include <algorithm>
#include <set>

#include "base/strings.h"
#include "target/block_path.h"

namespace dnd::adapter {
namespace {

using target::BaseModel;
using target::Linear;

constexpr const char* kExperts = "experts";
constexpr const char* kOtherLayers = "not among --layers";

bool in_layers(const Linear& linear, const LayerRange& layers) {
  const auto block = target::parse_block_path(linear.path);
  return block && block->index >= layers.first && block->index <= layers.last;
}

// * and ? on the whole text, with the usual backtracking to the last star: no recursion.
bool matches_glob(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

// Collects the skipped layers by reason, in the order in which reasons first come.
class Skips {
 public:
  void add(const std::string& reason, const Linear& linear) {
    auto found = std::find_if(list_.begin(), list_.end(),
                              [&](const SkippedLinears& each) { return each.reason == reason; });
    if (found == list_.end()) found = list_.insert(found, {reason, 0, {}});
    ++found->count;
    const std::string name = target::module_kind(linear.path);
    if (named_.insert(reason + "\n" + name).second) found->modules.push_back(name);
  }

  std::vector<SkippedLinears> take() { return std::move(list_); }

 private:
  std::vector<SkippedLinears> list_;
  std::set<std::string> named_;
};

// Why a layer is not a target by default; empty if it is one.
class DefaultRule {
 public:
  explicit DefaultRule(const BaseModel& base)
      : repeated_(target::repeated_blocks(base.linears)),
        side_tower_(target::has_side_tower(base.linears)) {}

  std::string reason_against(const Linear& linear) const {
    if (side_tower_ && target::is_tower(linear.path)) return "vision or audio tower";
    const auto block = target::parse_block_path(linear.path);
    if (!block || repeated_.count(block->prefix) == 0) return "outside of repeated blocks";
    if (target::is_modulation(linear.path)) return "modulation";
    if (target::is_router(linear.path)) return "router";
    return {};
  }

 private:
  std::set<std::string> repeated_;
  bool side_tower_;
};

bool any_target_matches(const std::vector<std::string>& targets, const std::string& path) {
  return std::any_of(targets.begin(), targets.end(),
                     [&](const std::string& pattern) { return matches_target(pattern, path); });
}

bool matches_any(const std::string& pattern, const std::vector<Linear>& linears) {
  return std::any_of(linears.begin(), linears.end(),
                     [&](const Linear& linear) { return matches_target(pattern, linear.path); });
}

std::string nearest_module(const std::string& pattern, const std::vector<Linear>& linears) {
  std::set<std::string> names;
  for (const Linear& linear : linears) {
    names.insert(linear.path.substr(linear.path.rfind('.') + 1));
    names.insert(target::module_kind(linear.path));
  }
  return nearest_word(pattern, {names.begin(), names.end()});
}

void check_targets(const BaseModel& base, const TargetOptions& options) {
  for (const std::string& pattern : options.targets) {
    if (matches_any(pattern, base.linears)) continue;
    const bool expert = matches_any(pattern, base.experts);
    if (expert && options.experts) continue;
    const std::string near = nearest_module(pattern, base.linears);
    fail(ErrorKind::usage, "layout: target '", printable(pattern), "' matches no linear layer of ",
         base.source,
         expert         ? " but experts, which are left out (--experts takes them in)"
         : near.empty() ? ""
                        : cat(" (there is '", printable(near), "')"));
  }
}

}  // namespace

bool matches_target(std::string_view pattern, std::string_view path) {
  if (pattern == "all-linear") return true;
  if (pattern.find_first_of("*?") != std::string_view::npos) return matches_glob(pattern, path);
  if (!path.ends_with(pattern) || pattern.empty()) return false;
  return path.size() == pattern.size() || path[path.size() - pattern.size() - 1] == '.';
}

SelectedTargets select_targets(const BaseModel& base, const TargetOptions& options) {
  check_targets(base, options);
  const DefaultRule rule(base);
  SelectedTargets selected;
  Skips skips;
  const auto reason_against = [&](const Linear& linear) -> std::string {
    if (options.layers && !in_layers(linear, *options.layers)) return kOtherLayers;
    if (options.targets.empty()) return rule.reason_against(linear);
    return any_target_matches(options.targets, linear.path) ? "" : "not a target";
  };
  for (const Linear& linear : base.linears) {
    const std::string reason = reason_against(linear);
    if (reason.empty()) {
      selected.chosen.push_back(linear);
    } else {
      skips.add(reason, linear);
    }
  }
  for (const Linear& linear : base.experts) {
    if (options.layers && !in_layers(linear, *options.layers)) {
      skips.add(kOtherLayers, linear);
    } else if (options.experts &&
               (options.targets.empty() || any_target_matches(options.targets, linear.path))) {
      selected.chosen.push_back(linear);
    } else {
      skips.add(kExperts, linear);
    }
  }
  if (selected.chosen.empty() && options.layers) {
    fail(ErrorKind::usage, "--layers ", options.layers->first, "-", options.layers->last,
         ": the base has no layer to adapt there");
  }
  if (selected.chosen.empty()) {
    fail(ErrorKind::data, "layout: ", base.source, ": no linear layer in repeated blocks among ",
         base.linears.size(), "; name some with --targets");
  }
  if (options.experts) target::sort_in_model_order(selected.chosen);
  selected.skipped = skips.take();
  return selected;
}

}  // namespace dnd::adapter
