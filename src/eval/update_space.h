// Adapters as points: the update B A of every module, all of them side by side as one vector.
//
// What an adapter does depends on B A alone, A and B by themselves are not unique. The vectors are
// never made: <B1 A1, B2 A2> = <B1^T B2, A1 A2^T>, rank x rank products, in fp64. Scales are left out:
// adapters of one layout share theirs, and every figure here is a ratio.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "adapter/lora.h"

namespace dnd::eval {

using Weights = std::shared_ptr<const adapter::LoraAdapter>;

// Sum of weights[i] * update(adapters[i]): e.g. the mean of some adapters' updates.
struct Combination {
  std::vector<Weights> adapters;
  std::vector<double> factors;
};

Combination single(Weights adapter);
Combination mean_update(const std::vector<Weights>& adapters);

// <update(x), update(y)>. Both are of one layout: pairs of equal shapes in one order (what
// tasks::read_task_adapter() and adapter::detokenize() give). Throws Error(internal) otherwise.
double inner(const adapter::LoraAdapter& x, const adapter::LoraAdapter& y);
double inner(const Combination& x, const Combination& y);
double norm(const Combination& x);
// Distances to one point, whose own square is computed once: that of the mean of n adapters
// takes n^2 products, the rest of a distance n.
class Yardstick {
 public:
  explicit Yardstick(Combination to) : to_(std::move(to)), square_(inner(to_, to_)) {}

  // ||x - to||. What rounding makes of equal points is 1e-8 of their norm.
  double distance(const Combination& x) const;
  // ||x - to|| / ||to||; NaN where `to` is zero.
  double relative_distance(const Combination& x) const;

 private:
  Combination to_;
  double square_;
};

// The same to a point that is used once.
double distance(const Combination& x, const Combination& y);
double relative_distance(const Combination& x, const Combination& y);

// How adapters of several tasks lie: groups[t] are those of task t.
struct Spread {
  double within =
      0.0;  // sqrt of the mean over tasks of the mean squared distance to the task's mean
  double between = 0.0;  // sqrt of the mean squared distance of the tasks' means to their mean
  double size = 0.0;     // sqrt of the mean over tasks of the mean squared norm
  std::size_t tasks = 0;
  bool alone = false;  // each task has one adapter: of `within` nothing is known
  // within / between: far below 1 for a generator that tells tasks apart, above 1 for one that
  // does not. NaN where `between` is zero.
  double ratio() const;
};
Spread spread_of(const std::vector<std::vector<Weights>>& groups);

// Mean relative distance of adapters to their own mean. 0 for one.
double own_spread(const std::vector<Weights>& adapters);

// Mean of A and mean of B: one adapter again, which the mean of the updates is not. As the paper does.
class FactorMean {
 public:
  // Throws Error(internal) for an adapter of another layout than the first.
  void add(const adapter::LoraAdapter& adapter);
  Weights mean() const;  // of at least one

 private:
  adapter::LoraAdapter first_;
  std::vector<std::vector<double>> sums_;
  std::size_t count_ = 0;
};

}  // namespace dnd::eval
