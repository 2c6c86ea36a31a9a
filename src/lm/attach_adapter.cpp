#include "lm/attach_adapter.h"

#include <map>
#include <string>
#include <string_view>

#include "base/strings.h"
#include "target/base_model.h"

namespace dnd::lm {
namespace {

using adapter::LoraAdapter;
using adapter::LoraPair;

struct Place {
  std::size_t layer = 0;
  std::size_t part = 0;
};

using Places = std::map<std::string_view, Place>;

// Under whichever of the names that versions of transformers give the module.
const Place& find_place(const Places& places, const LoraPair& pair) {
  for (const std::string& name : target::module_aliases(pair.module)) {
    const auto place = places.find(name);
    if (place != places.end()) return place->second;
  }
  fail(ErrorKind::data, "adapter: '", printable(pair.key), "': the base has no layer '",
       printable(pair.module), "' (made for another base?)");
}

void check_pair(const LoraPair& pair, const Linear& layer, const LinearPart& part) {
  const std::string who = cat("adapter: '", printable(pair.key), "'");
  if (!pair.magnitude.empty()) {
    fail(ErrorKind::data, who,
         ": DoRA cannot be run unmerged here; dnd merge writes a base with it");
  }
  if (pair.in != layer.in() || pair.out != part.out) {
    fail(ErrorKind::data, who, ": made for a layer of ", pair.in, " inputs and ", pair.out,
         " outputs, the base's has ", layer.in(), " and ", part.out, " (made for another base?)");
  }
}

}  // namespace

PlacedPairs place_pairs(const std::vector<Linear*>& layers, const adapter::LoraAdapter& adapter) {
  Places places;
  PlacedPairs pairs;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const auto& parts = layers[i]->parts();
    for (std::size_t k = 0; k < parts.size(); ++k) places[parts[k].module] = {i, k};
    pairs.emplace_back(parts.size(), nullptr);
  }
  for (const LoraPair& pair : adapter.pairs) {
    const auto [layer, part] = find_place(places, pair);
    check_pair(pair, *layers[layer], layers[layer]->parts()[part]);
    if (pairs[layer][part] != nullptr) {
      fail(ErrorKind::data, "adapter: two pairs for '", printable(pair.module), "'");
    }
    pairs[layer][part] = &pair;
  }
  return pairs;
}

void attach_adapter(const std::vector<Linear*>& layers, const adapter::LoraAdapter* adapter) {
  const LoraAdapter none;
  const PlacedPairs pairs = place_pairs(layers, adapter != nullptr ? *adapter : none);
  for (std::size_t i = 0; i < layers.size(); ++i) layers[i]->adapt(pairs[i]);
}

}  // namespace dnd::lm
