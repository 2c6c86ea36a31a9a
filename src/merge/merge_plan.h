// Which tensor of a base model gets which low-rank products.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "merge/adapter_argument.h"
#include "merge/base_weights.h"

namespace dnd::merge {

// scale * B A of one adapter; `scale` is the adapter's own times its weight in this call.
struct MergeTerm {
  const adapter::LoraPair* pair = nullptr;
  double scale = 1.0;
};

struct MergeTarget {
  std::size_t file = 0;    // index into BaseWeights::files
  std::size_t weight = 0;  // index into its weights
  std::vector<MergeTerm> terms;
  bool transposed = false;  // the weight is (in, out): Conv1D of GPT-2 and its kin
};

// One target per adapted tensor, in file order. Points into `adapters`. Throws Error(data), naming
// the module, unless every adapted module is there once, of a float type and of the adapter's
// shape; for quantised bases; for modules that share their weight with another; where DoRA meets a
// weight other than 1 or a second adapter of the same module.
std::vector<MergeTarget> plan_merge(const BaseWeights& base,
                                    std::span<const WeightedAdapter> adapters);

}  // namespace dnd::merge
