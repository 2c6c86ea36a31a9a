#include "tasks/criterion_weights.h"

#include <cmath>

namespace dnd::tasks {

void CellStatistics::add(std::span<const float> tokens) {
  mean_.resize(tokens.size());
  squares_.resize(tokens.size());
  ++count_;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const double value = static_cast<double>(tokens[i]);
    const double before = value - mean_[i];
    mean_[i] += before / static_cast<double>(count_);
    squares_[i] += before * (value - mean_[i]);
  }
}

std::vector<double> CellStatistics::deviation() const {
  std::vector<double> out;
  out.reserve(squares_.size());
  for (const double sum : squares_) out.push_back(std::sqrt(sum / static_cast<double>(count_)));
  return out;
}

std::vector<double> criterion_weights(const CellStatistics& statistics, std::size_t tokens) {
  const std::vector<double> deviations = statistics.deviation();
  const std::size_t area = deviations.size() / tokens;
  std::vector<double> weights(tokens);
  double total = 0.0;
  double valid = 0.0;
  for (std::size_t token = 0; token < tokens; ++token) {
    double sum = 0.0;
    double cells = 0.0;
    for (std::size_t i = token * area; i < (token + 1) * area; ++i) {
      if (std::isnan(deviations[i])) continue;
      sum += deviations[i];
      cells += 1.0;
    }
    weights[token] = cells > 0.0 ? sum / cells : 0.0;
    total += sum;
    valid += cells;
  }
  for (double& weight : weights) weight = total > 0.0 ? weight / total * valid : 1.0;
  return weights;
}

}  // namespace dnd::tasks
