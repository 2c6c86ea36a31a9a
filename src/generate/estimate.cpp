#include "generate/estimate.h"

#include <algorithm>

namespace dnd::generate {
namespace {

std::uint64_t elements(std::int64_t a, std::int64_t b, std::int64_t c) {
  return static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b) *
         static_cast<std::uint64_t>(c);
}

}  // namespace

std::uint64_t decoding_bytes(const bundle::GeneratorConfig& config, std::size_t tasks) {
  // Transformed inputs are two to four times as large as the inputs; so are products.
  constexpr std::uint64_t kTransformed = 3;
  const auto& c = config.condition;
  std::uint64_t peak = elements(c.prompts, c.max_length, c.width);
  for (std::size_t i = 0; i + 1 < config.features.size(); ++i) {
    const auto [n, h, w] = config.features[i];
    const auto [n2, h2, w2] = config.features[i + 1];
    const std::uint64_t input = elements(n, h, w);
    const std::uint64_t widest = std::max(elements(n, h, w2), elements(n, h2, w));
    const std::uint64_t middle = elements(n, h2, w2);
    const std::uint64_t output = elements(n2, h2, w2);
    // Of one task the norm of x, a path's inner result and one convolution's frequencies.
    const std::uint64_t paths = input + widest + kTransformed * (input + widest);
    peak = std::max(peak, tasks * (input + middle) + paths);
    peak = std::max(peak, tasks * ((1 + kTransformed) * middle + output));
  }
  return peak * sizeof(float);
}

std::size_t tasks_at_once(const bundle::GeneratorConfig& config) {
  constexpr std::uint64_t kMoreBytes = std::uint64_t{1} << 30U;
  const std::uint64_t bytes = decoding_bytes(config, 1) + kMoreBytes;
  std::size_t tasks = 1;
  while (tasks < kMostTasksAtOnce && decoding_bytes(config, tasks + 1) <= bytes) ++tasks;
  return tasks;
}

}  // namespace dnd::generate
