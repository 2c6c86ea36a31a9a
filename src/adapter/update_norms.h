// How large the updates of an adapter are: the Frobenius norm of scale * B A by kind of module.
//
// The norms of the adapters that a generator was trained on are kept with it ("statistics" in
// generator.json), so that what it makes can be held against them.
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "adapter/lora.h"
#include "base/json.h"

namespace dnd::adapter {

struct NormRange {
  double low = 0.0;
  double high = 0.0;
};

// Smallest and largest norm over all blocks of all adapters, by target::module_kind().
struct UpdateNorms {
  std::size_t adapters = 0;
  std::map<std::string, NormRange> modules;
};

// ||scale * B A||_F, in fp64, from the two Gram matrices: sqrt(<B^T B, A A^T>). Magnitudes of DoRA are
// left out.
double update_norm(const LoraPair& pair);

// Widens `norms` by one more adapter.
void add_update_norms(UpdateNorms& norms, const LoraAdapter& adapter);

// Strict. {"adapters": 12, "update_norms": {"model.layers.{i}.self_attn.q_proj": [0.11, 0.35], ...}}
UpdateNorms update_norms_from_json(const Json& json, const std::string& who);
Json update_norms_to_json(const UpdateNorms& norms);

}  // namespace dnd::adapter
