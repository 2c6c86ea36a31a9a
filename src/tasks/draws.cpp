#include "tasks/draws.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/random.h"

namespace dnd::tasks {
namespace {

constexpr std::uint64_t kQuestionStream = 3;  // behind those of NoiseStream

// A seed of its own for every (seed, step, index, stream): each is mixed in by one SplitMix64 draw.
std::uint64_t seed_of(const ExampleKey& key, std::uint64_t stream) {
  std::uint64_t state = SplitMix64(key.seed).next();
  for (const std::uint64_t part : {key.step, key.index, stream}) {
    state = SplitMix64(state + part).next();
  }
  return state;
}

// Standard normal numbers: Marsaglia and Tsang, "The ziggurat method for generating random variables"
// (2000), 128 layers; layer and abscissa come from different bits of a draw (Doornik 2005). Noise is
// drawn for every value of every condition, so its speed counts.
class Ziggurat {
 public:
  Ziggurat() {
    edges_[0] = kArea / density(kTail);
    edges_[1] = kTail;
    for (std::size_t i = 2; i < kLayers; ++i) {
      edges_[i] = std::sqrt(-2.0 * std::log(kArea / edges_[i - 1] + density(edges_[i - 1])));
    }
    edges_[kLayers] = 0.0;
  }

  double draw(SplitMix64& random) const {
    for (;;) {
      const std::uint64_t bits = random.next();
      const std::size_t layer = bits % kLayers;
      const double u = static_cast<double>(static_cast<std::int64_t>(bits) >> 11) * 0x1p-52;
      const double x = u * edges_[layer];  // u in [-1, 1)
      if (std::abs(x) < edges_[layer + 1]) return x;
      if (layer == 0) return std::copysign(tail(random), u);
      const double low = density(edges_[layer]);
      const double high = density(edges_[layer + 1]);
      if (low + unit(random) * (high - low) < density(x)) return x;
    }
  }

 private:
  static constexpr std::size_t kLayers = 128;
  static constexpr double kTail = 3.442619855899;       // where the tail begins
  static constexpr double kArea = 9.91256303526217e-3;  // of each layer

  static double density(double x) { return std::exp(-0.5 * x * x); }  // up to a factor
  static double unit(SplitMix64& random) {                            // (0, 1]
    return (static_cast<double>(random.next() >> 11U) + 1.0) * 0x1p-53;
  }
  static double tail(SplitMix64& random) {
    for (;;) {
      const double x = -std::log(unit(random)) / kTail;
      if (-2.0 * std::log(unit(random)) >= x * x) return kTail + x;
    }
  }

  std::array<double, kLayers + 1> edges_{};
};

}  // namespace

Draw draw_example(std::span<const TaskSize> tasks, std::size_t needed, const ExampleKey& key) {
  SplitMix64 random(seed_of(key, 0));
  Draw draw;
  draw.task = random.below(tasks.size());
  const TaskSize& task = tasks[draw.task];
  draw.adapter = random.below(std::max<std::size_t>(task.adapters, 1));
  draw.prompts = draw_without_replacement(task.prompts, needed, random);
  const std::size_t distinct = draw.prompts.size();
  while (draw.prompts.size() < needed) {
    draw.prompts.push_back(draw.prompts[draw.prompts.size() - distinct]);
  }
  return draw;
}

std::vector<QuestionDraw> draw_questions(std::size_t questions, std::size_t count, double bare,
                                         const ExampleKey& key) {
  SplitMix64 random(seed_of(key, kQuestionStream));
  const std::vector<std::size_t> drawn = draw_without_replacement(questions, count, random);
  std::vector<QuestionDraw> draws;
  for (std::size_t i = 0; i < count; ++i) {
    draws.push_back({drawn[i % drawn.size()], static_cast<double>(random.unit()) < bare});
  }
  return draws;
}

void add_noise(std::span<float> values, double deviation, const ExampleKey& key,
               NoiseStream stream) {
  if (deviation == 0.0) return;
  static const Ziggurat normal;
  SplitMix64 random(seed_of(key, static_cast<std::uint64_t>(stream)));
  for (float& value : values) value += static_cast<float>(deviation * normal.draw(random));
}

}  // namespace dnd::tasks
