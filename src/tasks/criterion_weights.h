// The released weighting of tokens: those that differ between the adapters of a task count more.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace dnd::tasks {

// Mean and population variance of every cell, one adapter at a time (Welford), in double.
class CellStatistics {
 public:
  // `tokens`: (T, R, S), NaN where a cell carries nothing; always the same cells.
  void add(std::span<const float> tokens);

  std::size_t count() const { return count_; }
  const std::vector<double>& mean() const { return mean_; }
  std::vector<double> deviation() const;

 private:
  std::size_t count_ = 0;
  std::vector<double> mean_;
  std::vector<double> squares_;
};

// One weight for each of `tokens` tokens: the standard deviations of its cells, as shares of the sum
// over all cells, averaged over the cells that carry something, times how many of those there are in
// all. Their mean over cells is 1. Without any spread (one adapter, or equal ones) all are 1.
std::vector<double> criterion_weights(const CellStatistics& statistics, std::size_t tokens);

}  // namespace dnd::tasks
