// Several adapters of one base -> one adapter that acts as their weighted sum.
//
// Not the tricks that add A's and B's apart (cross terms appear) but the sum itself: exact by
// putting factors side by side, or the nearest one of a smaller rank.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapter/lora.h"
#include "merge/adapter_argument.h"

namespace dnd::merge {

enum class ComposeMethod {
  concat,  // exact: ranks add up
  add,     // the nearest of the largest rank of the parts
  svd,     // the nearest of a given rank
};

// "concat", "add", "svd"; throws Error(usage) for another.
ComposeMethod compose_method(std::string_view name);
std::string_view method_name(ComposeMethod method);

struct ModuleLoss {
  std::string module;
  double lost = 0.0;  // Frobenius norm of what is left out, relative to that of the sum
};

struct Composition {
  adapter::LoraAdapter adapter;  // one rank for all modules, scale 1
  std::int64_t rank = 0;
  std::vector<ModuleLoss> losses;  // by module, in the order of `adapter`; empty for concat
  double lost = 0.0;               // the same over all modules
};

// A module that an adapter lacks counts as zero there. `rank` belongs to svd and to no other
// method. metadata gets "dnd.composed_from", "dnd.compose_method" and "dnd.compose_lost". Throws
// Error(usage) for a rank that does not fit the method, Error(data) for DoRA, for shapes that
// differ and, where there is an SVD, for values that are not finite.
Composition compose(std::span<const WeightedAdapter> adapters, ComposeMethod method,
                    std::optional<std::int64_t> rank);

}  // namespace dnd::merge
