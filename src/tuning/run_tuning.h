// A tuning from its request to the adapters: reads tasks, asks a teacher, learns, writes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "chat/base_chat.h"
#include "dnd/language_model.h"
#include "target/base_model.h"
#include "tuning/record.h"
#include "tuning/request.h"
#include "tuning/task_lessons.h"

namespace dnd::tuning {

// Adapters that are learned side by side.
struct Stage {
  std::vector<std::string> names;  // of tasks; "joint"
  std::int64_t number = 0;         // from 1
  std::int64_t of = 0;
  std::int64_t steps = 0;
  std::int64_t questions = 0;  // a step, of all of them together
};

// Told of what happens, on the caller's thread.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void on_stage(const std::string& /*what*/) {}
  virtual void on_share(double /*done*/) {}                                   // of the stage
  virtual void on_learning(const Stage& /*stage*/, std::int64_t /*done*/) {}  // steps done before
  virtual void on_step(const Stage& /*stage*/, const TuneStep& /*step*/) {}
  virtual void on_evaluation(const std::string& /*name*/, std::int64_t /*step*/,
                             const TuneScore& /*score*/) {}
  virtual void on_adapter(const FinishedAdapter& /*adapter*/) {}  // those of an earlier call, too
  virtual bool should_stop() { return false; }                    // after the step at hand
};

// `tasks`: as read_tasks() gives them. Everything is checked before the first step. False where it was
// stopped. Throws dnd::Error.
bool run_tuning(const Request& request, std::vector<tasks::Task> tasks,
                const target::BaseModel& base, LanguageModel& model, const chat::BaseChat& chat,
                Observer& observer);

}  // namespace dnd::tuning
