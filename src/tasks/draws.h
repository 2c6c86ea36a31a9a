// Which examples a step sees, and their noise: functions of (seed, step, index in the batch) alone, so
// that training can stop, go on and be shared out without any state of random numbers.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace dnd::tasks {

// Place of one example: `index` counts through the batch of all processes together.
struct ExampleKey {
  std::uint64_t seed = 0;
  std::uint64_t step = 0;
  std::uint64_t index = 0;
};

// What there is to draw from, of one task.
struct TaskSize {
  std::size_t prompts = 0;
  std::size_t adapters = 0;
};

struct Draw {
  std::size_t task = 0;
  std::size_t adapter = 0;
  std::vector<std::size_t> prompts;  // `needed` of them
};

// A task, one of its adapters (0 where it has none), and prompts without replacement, each uniformly. A task
// with too few prompts repeats them in the order drawn. Every task has a prompt.
Draw draw_example(std::span<const TaskSize> tasks, std::size_t needed, const ExampleKey& key);

// A question to learn from, and which of the texts that ask it.
struct QuestionDraw {
  std::size_t question = 0;
  bool bare = false;
  bool operator==(const QuestionDraw&) const = default;
};

// `count` of a task's questions, uniformly and without replacement; where there are fewer, all of them in the
// order drawn, and again. Each is bare with that probability.
std::vector<QuestionDraw> draw_questions(std::size_t questions, std::size_t count, double bare,
                                         const ExampleKey& key);

enum class NoiseStream : std::uint64_t { condition = 1, target = 2 };

// Adds deviation * N(0, 1) to every value.
void add_noise(std::span<float> values, double deviation, const ExampleKey& key,
               NoiseStream stream);

}  // namespace dnd::tasks
