#include "adapter/uniform.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

namespace dnd::adapter {
namespace {

std::int64_t largest_rank(const LoraAdapter& adapter) {
  std::int64_t rank = 1;
  for (const LoraPair& pair : adapter.pairs) rank = std::max(rank, pair.rank);
  return rank;
}

// Of equals the smallest.
double commonest_scale(const LoraAdapter& adapter) {
  std::map<double, std::size_t> counts;
  for (const LoraPair& pair : adapter.pairs) ++counts[pair.scale];
  const auto most =
      std::max_element(counts.begin(), counts.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == counts.end() ? 1.0 : most->first;
}

Uniform uniform_at(const LoraAdapter& adapter, double scale) {
  const bool folds = std::any_of(adapter.pairs.begin(), adapter.pairs.end(),
                                 [&](const LoraPair& pair) { return pair.scale != scale; });
  return {largest_rank(adapter), scale, folds};
}

}  // namespace

Uniform uniform_of(const LoraAdapter& adapter) {
  const double scale = commonest_scale(adapter);
  return uniform_at(adapter, scale == 0.0 ? 1.0 : scale);  // nothing can be folded into 0
}

Uniform uniform_with_alpha(const LoraAdapter& adapter) {
  const Uniform uniform = uniform_of(adapter);
  const auto rank = static_cast<double>(uniform.rank);
  const double alpha = std::round(uniform.scale * rank);
  // Readers divide: the quotient must be the very scale.
  const bool whole = alpha >= 1.0 && alpha <= 1e9 && alpha / rank == uniform.scale;
  return whole ? uniform : uniform_without_scale(adapter);
}

Uniform uniform_without_scale(const LoraAdapter& adapter) { return uniform_at(adapter, 1.0); }

std::int64_t whole_alpha(const Uniform& uniform) {
  return std::llround(uniform.scale * static_cast<double>(uniform.rank));
}

std::vector<float> uniform_a(const LoraPair& pair, const Uniform& uniform) {
  std::vector<float> values = pair.a;
  values.resize(static_cast<std::size_t>(uniform.rank * pair.in), 0.0F);
  return values;
}

std::vector<float> uniform_b(const LoraPair& pair, const Uniform& uniform) {
  const double ratio = pair.scale / uniform.scale;
  if (ratio == 1.0 && pair.rank == uniform.rank) return pair.b;
  const auto rank = static_cast<std::size_t>(pair.rank);
  const auto wide = static_cast<std::size_t>(uniform.rank);
  const auto out = static_cast<std::size_t>(pair.out);
  std::vector<float> values(out * wide, 0.0F);
  for (std::size_t i = 0; i < out; ++i) {
    for (std::size_t j = 0; j < rank; ++j) {
      // Exact where the ratio is a power of two: doubles hold every float.
      values[i * wide + j] = static_cast<float>(static_cast<double>(pair.b[i * rank + j]) * ratio);
    }
  }
  return values;
}

std::vector<float> transposed(const std::vector<float>& values, std::int64_t rows,
                              std::int64_t columns) {
  const auto height = static_cast<std::size_t>(rows);
  const auto width = static_cast<std::size_t>(columns);
  std::vector<float> result(values.size());
  for (std::size_t i = 0; i < height; ++i) {
    for (std::size_t j = 0; j < width; ++j) result[j * height + i] = values[i * width + j];
  }
  return result;
}

}  // namespace dnd::adapter
