#include "adapter/base_hints.h"

namespace dnd::adapter {

BaseHints hints_of(const target::BaseModel& base) {
  BaseHints hints{base.heads, {}};
  for (const auto* list : {&base.linears, &base.experts}) {
    for (const target::Linear& linear : *list) hints.modules.push_back(linear.path);
  }
  return hints;
}

}  // namespace dnd::adapter
