// Whose prompts a task is given in the place of its own, by the form of their answers: a fixed derangement of
// the judged tasks, in which no task has its own prompts and each task's serve once where that is possible.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "tasks/task_set.h"

namespace dnd::eval {

enum class Form { other, same };

// Whether any task says its form.
bool have_forms(const std::vector<tasks::Task>& tasks);

// The place of each task's partner. The same form: a cycle through its tasks, in a drawn order; a lone task
// has no partner. Another form: tasks lie in a row by form, the most frequent first, in drawn orders, and
// each has the one that many places on; where that form has more tasks than all others together, these serve
// several times. A task without a form has no partner and is none. Orders are draw_without_replacement, from
// SplitMix64 of the seed.
std::vector<std::optional<std::size_t>> wrong_partners(const std::vector<tasks::Task>& tasks,
                                                       Form form, std::uint64_t seed);

}  // namespace dnd::eval
