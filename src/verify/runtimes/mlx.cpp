// mlx-lm 0.32.2: load_adapters() makes LoRA layers of the last num_layers blocks, then refuses tensors that
// none has.
#include <algorithm>

#include "base/strings.h"
#include "target/block_path.h"
#include "target/class_names.h"
#include "verify/runtimes/rules.h"

namespace dnd::verify {
namespace {

std::int64_t block_count(const target::BaseModel& base) {
  std::int64_t count = 0;
  for (const target::Linear& linear : base.linears) {
    if (const auto block = target::parse_block_path(linear.path)) {
      count = std::max(count, block->index + 1);
    }
  }
  return count;
}

}  // namespace

// By its own path, not another version's.
const target::Linear* find_mlx_linear(const target::BaseModel& base, const std::string& module) {
  const auto found =
      std::find_if(base.linears.begin(), base.linears.end(), [&](const target::Linear& linear) {
        return target::mlx_path(base.architecture, linear.path) == module;
      });
  return found == base.linears.end() ? nullptr : &*found;
}

std::vector<std::string> outside_mlx_layers(const adapter::LoraAdapter& adapter,
                                            const target::BaseModel& base) {
  const std::int64_t layers = adapter.mlx ? adapter.mlx->layers : 0;
  const std::int64_t first = layers > 0 ? block_count(base) - layers : 0;
  std::vector<std::string> outside;
  for (const adapter::LoraPair& pair : adapter.pairs) {
    if (adapter.mlx && adapter.mlx->whole_paths.contains(pair.module)) continue;
    const auto block = target::parse_block_path(pair.module);
    if (!block || block->index < first) outside.push_back(pair.module);
  }
  return outside;
}

RuntimeVerdict judge_mlx(const adapter::LoraAdapter& adapter, const Against& against,
                         const Facts& facts) {
  constexpr const char* kName = "MLX-LM";
  if (adapter.format != adapter::AdapterFormat::mlx) {
    return refuses(kName, facts.dora ? "DoRA is not converted" : "needs dnd convert --to mlx");
  }
  if (!facts.known || !facts.fits) return refuses(kName, "tensors do not fit the base");
  if (!adapter.mlx || against.base == nullptr) return loads(kName);
  if (const auto outside = outside_mlx_layers(adapter, *against.base); !outside.empty()) {
    return refuses(kName, cat("'", printable(outside[0]), "' is not an adapter parameter of the ",
                              "model: outside the last num_layers blocks, and not in 'keys'"));
  }
  for (const adapter::LoraPair& pair : adapter.pairs) {
    if (find_mlx_linear(*against.base, pair.module) != nullptr || is_head(pair.module)) continue;
    return refuses(kName, cat("'", printable(pair.module), "' is not in the model by this name"));
  }
  return loads(kName);
}

}  // namespace dnd::verify
