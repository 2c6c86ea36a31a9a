#include "tasks/draws.h"

#include <cmath>
#include <numbers>

#include "base/random.h"

namespace dnd::tasks {
namespace {

// A seed of its own for every (seed, step, index, stream): each is mixed in by one SplitMix64 draw.
std::uint64_t seed_of(const ExampleKey& key, std::uint64_t stream) {
  std::uint64_t state = SplitMix64(key.seed).next();
  for (const std::uint64_t part : {key.step, key.index, stream}) {
    state = SplitMix64(state + part).next();
  }
  return state;
}

}  // namespace

Draw draw_example(std::span<const TaskSize> tasks, std::size_t needed, const ExampleKey& key) {
  SplitMix64 random(seed_of(key, 0));
  Draw draw;
  draw.task = random.below(tasks.size());
  const TaskSize& task = tasks[draw.task];
  draw.checkpoint = random.below(task.checkpoints);
  draw.prompts = draw_without_replacement(task.prompts, needed, random);
  const std::size_t distinct = draw.prompts.size();
  while (draw.prompts.size() < needed) {
    draw.prompts.push_back(draw.prompts[draw.prompts.size() - distinct]);
  }
  return draw;
}

void add_noise(std::span<float> values, double deviation, const ExampleKey& key,
               NoiseStream stream) {
  if (deviation == 0.0) return;
  SplitMix64 random(seed_of(key, static_cast<std::uint64_t>(stream)));
  const auto scale = static_cast<float>(deviation);
  constexpr float kTurn = 2.0F * std::numbers::pi_v<float>;
  for (std::size_t i = 0; i < values.size(); i += 2) {
    const std::uint64_t bits = random.next();
    const float u = static_cast<float>((bits >> 40U) + 1) * 0x1p-24F;  // (0, 1]
    const float angle = kTurn * static_cast<float>(bits & 0xFFFFFFU) * 0x1p-24F;
    const float radius = scale * std::sqrt(-2.0F * std::log(u));
    values[i] += radius * std::cos(angle);
    if (i + 1 < values.size()) values[i + 1] += radius * std::sin(angle);
  }
}

}  // namespace dnd::tasks
