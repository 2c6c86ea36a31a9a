#include "adapter/base_hints.h"

namespace dnd::adapter {

BaseHints hints_of(const target::BaseModel& base) {
  BaseHints hints{base.heads};
  for (const auto* list : {&base.linears, &base.experts}) {
    for (const target::Linear& linear : *list) hints.modules.push_back(linear.path);
  }
  return hints;
}

BaseHints hints_of(const AdapterLayout& layout) {
  BaseHints hints{layout.heads};
  hints.scale = static_cast<double>(layout.alpha) / static_cast<double>(layout.rank);
  for (const FactorLayout& factor : layout.factors()) {
    if (factor.factor == Factor::a) hints.modules.push_back(factor.module);
  }
  return hints;
}

}  // namespace dnd::adapter
