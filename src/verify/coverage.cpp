// Which layers of the base an adapter should have matrices for.
#include <map>
#include <set>

#include "target/block_path.h"
#include "target/class_names.h"
#include "verify/runtimes/rules.h"

namespace dnd::verify {

using adapter::LoraAdapter;
using adapter::LoraPair;
using target::BaseModel;
using target::Linear;
using target::module_kind;
using target::parse_block_path;

namespace {

// Layers that the configuration leaves out on purpose: nothing is missing there.
std::set<std::string> left_out_on_purpose(const LoraAdapter& adapter, const BaseModel& base) {
  std::set<std::string> paths;
  if (adapter.peft && adapter.peft->are_known()) {
    for (const target::ClassModule& module : target::class_modules(base)) {
      if (!adapter.peft->take(module.path, module.is_head)) paths.insert(module.linear->path);
    }
  }
  if (adapter.mlx) {
    LoraAdapter all = {};
    all.mlx = adapter.mlx;
    for (const Linear& linear : base.linears) all.pairs.emplace_back().module = linear.path;
    for (const std::string& path : outside_mlx_layers(all, base)) paths.insert(path);
  }
  return paths;
}

}  // namespace

Coverage coverage_of(const LoraAdapter& adapter, const BaseModel& base) {
  const std::set<std::string> on_purpose = left_out_on_purpose(adapter, base);
  std::map<std::string, std::set<std::int64_t>> adapted;
  for (const LoraPair& pair : adapter.pairs) {
    for (const std::string& name : target::module_aliases(pair.module)) {
      if (const auto block = parse_block_path(name)) {
        adapted[module_kind(name)].insert(block->index);
      }
    }
  }
  Coverage coverage;
  for (const Linear& linear : base.linears) {
    const auto block = parse_block_path(linear.path);
    const auto found = block ? adapted.find(module_kind(linear.path)) : adapted.end();
    if (found == adapted.end() || on_purpose.contains(linear.path)) continue;
    ++coverage.expected;
    if (!found->second.contains(block->index)) coverage.missing.push_back(linear.path);
  }
  return coverage;
}

}  // namespace dnd::verify
