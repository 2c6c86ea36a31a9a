// Adapters of tasks, learned as `dnd tune` learns them, and kept in memory alone.
#pragma once

#include <functional>
#include <vector>

#include "adapter/lora.h"
#include "chat/base_chat.h"
#include "dnd/language_model.h"
#include "tasks/task_set.h"
#include "tuning/request.h"

namespace dnd::tuning {

// One for each task, which has answers, in order; each begins with `start`. Of the request count rule,
// validation and ask. `progress` hears the share done. Throws as run_tuning() does.
std::vector<adapter::LoraAdapter> tuned_adapters(const Request& request,
                                                 const std::vector<tasks::Task>& tasks,
                                                 const adapter::LoraAdapter& start,
                                                 LanguageModel& model, const chat::BaseChat& chat,
                                                 const std::function<void(double)>& progress);

}  // namespace dnd::tuning
