#include "adapter/lora.h"

#include <algorithm>

namespace dnd::adapter {

const LoraPair* LoraAdapter::find(std::string_view module) const {
  const auto found = std::find_if(pairs.begin(), pairs.end(),
                                  [&](const LoraPair& pair) { return pair.module == module; });
  return found == pairs.end() ? nullptr : &*found;
}

bool LoraAdapter::has_dora() const {
  return std::any_of(pairs.begin(), pairs.end(),
                     [](const LoraPair& pair) { return !pair.magnitude.empty(); });
}

std::vector<float> flat_values(const LoraAdapter& adapter) {
  std::size_t size = 0;
  for_each_factor(adapter, [&](const std::vector<float>& values) { size += values.size(); });
  std::vector<float> out;
  out.reserve(size);
  for_each_factor(adapter, [&](const std::vector<float>& values) {
    out.insert(out.end(), values.begin(), values.end());
  });
  return out;
}

void note_base(LoraAdapter& adapter, const std::string& architecture,
               const std::optional<target::AttentionHeads>& heads) {
  if (architecture.empty()) return;
  adapter.metadata[kArchitectureKey] = architecture;
  if (!heads) return;
  adapter.metadata[kAttentionHeadsKey] = std::to_string(heads->attention);
  adapter.metadata[kKeyValueHeadsKey] = std::to_string(heads->key_value);
}

}  // namespace dnd::adapter
