// Which of a task's prompts make an adapter.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "text/prompts.h"

namespace dnd::generate {

// How to choose where there are more than needed.
struct PromptChoice {
  text::SelectMode mode = text::SelectMode::random;
  std::uint64_t seed = 0;
  std::size_t variant = 0;  // of several draws
};

struct ChosenPrompts {
  std::vector<std::string> texts;  // N, in the order of use
  std::size_t distinct = 0;
  std::string selection;  // "exact", "random", "first" or "repeated"
  std::string sha256;     // of the texts, each followed by a NUL byte
};

// `needed` prompts of the task (text::select_prompts). Warns where too few of them are distinct. Throws
// Error(data) where the task has none.
ChosenPrompts choose_prompts(const text::PromptTask& task, std::size_t needed,
                             const PromptChoice& choice);

}  // namespace dnd::generate
