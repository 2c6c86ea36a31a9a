// What a tuning would cost, after a step of each kind.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "chat/base_chat.h"
#include "dnd/language_model.h"
#include "target/base_model.h"
#include "tasks/task_set.h"
#include "tuning/request.h"

namespace dnd::tuning {

struct TuneCost {
  std::size_t tasks = 0;
  std::size_t questions = 0;  // to learn from
  std::size_t left_out = 0;
  std::size_t longest = 0;  // question with its answer, in tokens
  double tokens = 0.0;      // of one on average
  std::int64_t adapters = 0;
  std::uint64_t adapter_bytes = 0;  // of one on the disk
  std::uint64_t state_bytes = 0;    // of what is kept to go on from
  double seconds = 0.0;             // of all steps, each as long as the one that was made
};

// Reads all and learns one step, of which nothing is kept. Of a teacher nothing is asked: its answers are
// taken to be as long as they may be, and its time is not counted. Throws as run_tuning() does.
TuneCost tuning_cost(const Request& request, const std::vector<tasks::Task>& tasks,
                     const target::BaseModel& base, LanguageModel& model,
                     const chat::BaseChat& chat);

}  // namespace dnd::tuning
