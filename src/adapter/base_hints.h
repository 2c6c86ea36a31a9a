// What readers of adapter files need to know of the base model where the file does not say it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "adapter/adapter_layout.h"
#include "target/base_model.h"

namespace dnd::adapter {

struct BaseHints {
  // Undo the row order of llama-type GGUF files.
  std::optional<target::AttentionHeads> heads;
  // Paths of linear layers: give names back the dots that kohya's files lose. Empty: not known.
  std::vector<std::string> modules = {};
  // alpha / rank of PEFT matrices that lie without their configuration: a generator's layout says it.
  std::optional<double> scale = std::nullopt;
};

BaseHints hints_of(const target::BaseModel& base);
BaseHints hints_of(const AdapterLayout& layout);

}  // namespace dnd::adapter
