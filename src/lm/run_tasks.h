// Many sequences through a transformer at once: their rows share passes, their common beginnings are computed
// once, and as soon as one ends the next begins.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "lm/transformer.h"

namespace dnd::lm {

struct Task {
  std::span<const std::int32_t> ids;  // at least one, below the vocabulary
  std::int64_t wanted = 1;            // logits after the last so many of them are heard, at least 1
  std::int64_t more = 0;              // ids that may follow
};

// Hears the logits (vocabulary) after the token at `position` of a task's sequence. Where the sequence ends
// there: the id that follows, none to end it. Positions of a task come in order, one at a time, on any
// thread.
using Hear = std::function<std::optional<std::int32_t>(std::size_t task, std::int64_t position,
                                                       std::span<const float> logits)>;

// What is held at once. What is heard does not depend on it. One sequence runs however long it is.
struct TaskLimits {
  std::int64_t cache_bytes = std::int64_t{512} << 20;
  std::int64_t activation_bytes = std::int64_t{128} << 20;
  std::int64_t logit_bytes = std::int64_t{64} << 20;
  std::int64_t rows = 1024;  // of a pass
  bool share = true;         // common beginnings
};

// The model has room for the longest sequence (Transformer::reserve()).
void run_tasks(const Transformer& model, std::span<const Task> tasks, const Hear& hear,
               const TaskLimits& limits = {});

}  // namespace dnd::lm
