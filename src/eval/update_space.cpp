#include "eval/update_space.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/strings.h"

namespace dnd::eval {
namespace {

using adapter::LoraAdapter;
using adapter::LoraPair;

// A A'^T, (rank, rank).
std::vector<double> products_of_a(const LoraPair& x, const LoraPair& y) {
  const auto rank = static_cast<std::size_t>(x.rank);
  const auto n = static_cast<std::size_t>(x.in);
  std::vector<double> products(rank * rank);
  for (std::size_t i = 0; i < rank; ++i) {
    for (std::size_t j = 0; j < rank; ++j) {
      const float* left = x.a.data() + i * n;
      const float* right = y.a.data() + j * n;
      double sum = 0.0;
      for (std::size_t c = 0; c < n; ++c) {
        sum += static_cast<double>(left[c]) * static_cast<double>(right[c]);
      }
      products[i * rank + j] = sum;
    }
  }
  return products;
}

// B^T B', (rank, rank).
std::vector<double> products_of_b(const LoraPair& x, const LoraPair& y) {
  const auto n = static_cast<std::size_t>(x.out);
  const auto rank = static_cast<std::size_t>(x.rank);
  std::vector<double> products(rank * rank);
  for (std::size_t r = 0; r < n; ++r) {
    const float* left = x.b.data() + r * rank;
    const float* right = y.b.data() + r * rank;
    for (std::size_t i = 0; i < rank; ++i) {
      for (std::size_t j = 0; j < rank; ++j) {
        products[i * rank + j] += static_cast<double>(left[i]) * static_cast<double>(right[j]);
      }
    }
  }
  return products;
}

void check_alike(const LoraAdapter& x, const LoraAdapter& y) {
  const auto alike = [](const LoraPair& left, const LoraPair& right) {
    return left.rank == right.rank && left.in == right.in && left.out == right.out &&
           left.a.size() == right.a.size() && left.b.size() == right.b.size();
  };
  if (std::equal(x.pairs.begin(), x.pairs.end(), y.pairs.begin(), y.pairs.end(), alike)) return;
  fail(ErrorKind::internal, "eval: adapters of different layouts");
}

// Squared distances are differences of larger numbers: rounding may leave them below zero.
double root(double square) { return square < 0.0 ? 0.0 : std::sqrt(square); }

// Entry (i, j) of the Gram matrix of all adapters, groups one after another.
std::vector<std::vector<double>> gram_of(const std::vector<Weights>& adapters) {
  std::vector<std::vector<double>> gram(adapters.size(), std::vector<double>(adapters.size()));
  for (std::size_t i = 0; i < adapters.size(); ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      gram[i][j] = gram[j][i] = inner(*adapters[i], *adapters[j]);
    }
  }
  return gram;
}

double quadratic(const std::vector<std::vector<double>>& gram, const std::vector<double>& x) {
  double sum = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    for (std::size_t j = 0; j < x.size(); ++j) sum += x[i] * x[j] * gram[i][j];
  }
  return sum;
}

}  // namespace

Combination single(Weights adapter) { return {{std::move(adapter)}, {1.0}}; }

Combination mean_update(const std::vector<Weights>& adapters) {
  return {adapters,
          std::vector<double>(adapters.size(), 1.0 / static_cast<double>(adapters.size()))};
}

double inner(const LoraAdapter& x, const LoraAdapter& y) {
  check_alike(x, y);
  double sum = 0.0;
  for (std::size_t m = 0; m < x.pairs.size(); ++m) {
    const auto a = products_of_a(x.pairs[m], y.pairs[m]);
    const auto b = products_of_b(x.pairs[m], y.pairs[m]);
    for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  }
  return sum;
}

double inner(const Combination& x, const Combination& y) {
  double sum = 0.0;
  for (std::size_t i = 0; i < x.adapters.size(); ++i) {
    for (std::size_t j = 0; j < y.adapters.size(); ++j) {
      sum += x.factors[i] * y.factors[j] * inner(*x.adapters[i], *y.adapters[j]);
    }
  }
  return sum;
}

double norm(const Combination& x) { return root(inner(x, x)); }

double Yardstick::distance(const Combination& x) const {
  return root(inner(x, x) - 2.0 * inner(x, to_) + square_);
}

double Yardstick::relative_distance(const Combination& x) const {
  const double size = root(square_);
  if (!(size > 0.0)) return std::numeric_limits<double>::quiet_NaN();
  return distance(x) / size;
}

double distance(const Combination& x, const Combination& y) { return Yardstick(y).distance(x); }

double relative_distance(const Combination& x, const Combination& y) {
  return Yardstick(y).relative_distance(x);
}

double Spread::ratio() const {
  return between > 0.0 ? within / between : std::numeric_limits<double>::quiet_NaN();
}

Spread spread_of(const std::vector<std::vector<Weights>>& groups) {
  std::vector<Weights> all;
  for (const auto& group : groups) all.insert(all.end(), group.begin(), group.end());
  const auto gram = gram_of(all);
  const auto tasks = static_cast<double>(groups.size());
  std::vector<double> grand(all.size());  // the factors of the mean of the tasks' means
  std::size_t first = 0;
  for (const auto& group : groups) {
    for (std::size_t i = 0; i < group.size(); ++i) {
      grand[first + i] = 1.0 / tasks / static_cast<double>(group.size());
    }
    first += group.size();
  }
  Spread spread;
  first = 0;
  for (const auto& group : groups) {
    const auto size = static_cast<double>(group.size());
    std::vector<double> mean(all.size());
    for (std::size_t i = 0; i < group.size(); ++i) mean[first + i] = 1.0 / size;
    // The mean squared distance to the mean is the mean square less the square of the mean.
    double squares = 0.0;
    for (std::size_t i = 0; i < group.size(); ++i) squares += gram[first + i][first + i] / size;
    spread.within += (squares - quadratic(gram, mean)) / tasks;
    spread.size += squares / tasks;
    for (std::size_t i = 0; i < all.size(); ++i) mean[i] -= grand[i];
    spread.between += quadratic(gram, mean) / tasks;
    first += group.size();
  }
  const bool alone =
      std::all_of(groups.begin(), groups.end(), [](const auto& group) { return group.size() < 2; });
  return {root(spread.within), root(spread.between), root(spread.size), groups.size(), alone};
}

double own_spread(const std::vector<Weights>& adapters) {
  const Yardstick mean(mean_update(adapters));
  double sum = 0.0;
  for (const Weights& adapter : adapters) sum += mean.relative_distance(single(adapter));
  return adapters.size() < 2 ? 0.0 : sum / static_cast<double>(adapters.size());
}

void FactorMean::add(const LoraAdapter& adapter) {
  if (count_ == 0) first_ = adapter;
  check_alike(first_, adapter);
  std::size_t next = 0;
  adapter::for_each_factor(adapter, [&](const std::vector<float>& values) {
    if (count_ == 0) sums_.emplace_back(values.size());
    std::vector<double>& sum = sums_[next++];
    for (std::size_t i = 0; i < values.size(); ++i) sum[i] += static_cast<double>(values[i]);
  });
  ++count_;
}

Weights FactorMean::mean() const {
  auto mean = std::make_shared<LoraAdapter>(first_);
  std::size_t next = 0;
  adapter::for_each_factor(*mean, [&](std::vector<float>& values) {
    const std::vector<double>& sum = sums_[next++];
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = static_cast<float>(sum[i] / static_cast<double>(count_));
    }
  });
  return mean;
}

}  // namespace dnd::eval
