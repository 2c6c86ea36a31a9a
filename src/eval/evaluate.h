// The evaluation of one generator: every method on every held-out task.
#pragma once

#include <functional>
#include <string>

#include "eval/answers.h"
#include "eval/methods.h"
#include "eval/results.h"
#include "eval/training_adapters.h"
#include "tasks/task_set.h"

namespace dnd::eval {

using OnProgress = std::function<void(const std::string& stage, double fraction)>;

// `answers` may be nullptr: then weights alone are judged. The rows are those of Methods::all(), of
// the weights:
//   distance:<method>   relative distance of its updates to the mean update of the task's own
//                       adapters, mean over draws; tasks with adapters only
//   distance:own_checkpoints   the same of the own adapters themselves: no method can be expected
//                       to come nearer than they lie to each other
//   change:<control>, change:random_text   relative distance of what the control's prompts give to what
//                       the right ones give, draw by draw: near 0 where prompts do not matter
//   change:draws        the same between each draw of the right prompts and the first: how much
//                       of the above is mere chance of the draw
// The results depend on inputs and seed alone. Throws Error(data) where there is no held-out task, and
// what reading adapters, the generator and the model throw.
Outcome evaluate(const tasks::TaskSet& set, const TrainingAdapters& training,
                 const JudgedGenerator& generator, Answers* answers, const Settings& settings,
                 const OnProgress& on_progress);

// The first `limit` questions; all where limit is 0.
std::vector<tasks::Question> first_questions(const std::vector<tasks::Question>& questions,
                                             std::size_t limit);

}  // namespace dnd::eval
