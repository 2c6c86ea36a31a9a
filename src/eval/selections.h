// What is chosen for an evaluation, by seeded rules: draws of prompts, whose prompts serve as the
// wrong ones, random text, the nearest training task.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tasks/task_set.h"

namespace dnd::eval {

// Draw k of a task's prompts: `needed` of them, as `dnd generate --seed S --variants K` draws its
// variant k (text::select_prompts).
std::vector<std::string> draw_prompts(const std::vector<std::string>& prompts, std::size_t needed,
                                      std::uint64_t seed, std::size_t draw);

// Whose prompts a control uses.
struct Control {
  std::string id;         // "other:domain", ..., "other_in_all" or "other_task"
  std::string attribute;  // the one that differs; else empty
};

// One for each attribute that some held-out task has, in order, and "other_in_all" where there are
// two or more; "other_task" alone where there are none.
std::vector<Control> controls_of(const tasks::TaskSet& set);

// The partners of `task`, training and held-out tasks in a seeded order: for an attribute, those
// with the same attributes that differ in it alone; for "other_in_all", those that differ in every
// one; for "other_task", all others. Draw k uses partner k modulo their number. The order is
// draw_without_replacement of the set's order (train, then held-out), from SplitMix64 seeded with
// SplitMix64(seed).next() + the first eight bytes of SHA-256("<task name>\0<control id>"). Empty where
// no task fits.
std::vector<const tasks::Task*> partners_of(const tasks::TaskSet& set, const tasks::Task& task,
                                            const Control& control, std::uint64_t seed);

// `count` lines of 8 to 16 common English words, in no order: SplitMix64 seeded with
// SplitMix64(seed).next() + stream; for each line 8 + below(9) words, each by below(number of words).
std::vector<std::string> random_text(std::size_t count, std::uint64_t seed, std::uint64_t stream);

double cosine(std::span<const float> x, std::span<const float> y);  // 0 where one of them is zero

// The entry of `candidates` with the largest cosine to `query`; the first of equals. Throws
// Error(internal) if there are none.
std::size_t nearest(std::span<const float> query,
                    const std::vector<std::vector<float>>& candidates);

}  // namespace dnd::eval
