#include "eval/statistics.h"

#include <cmath>
#include <limits>

#include "base/strings.h"

namespace dnd::eval {
namespace {

// Away from zero, so that Lentz's method can divide by it.
double guarded(double value) {
  constexpr double kTiny = 1e-300;
  return std::abs(value) < kTiny ? kTiny : value;
}

// The continued fraction of the incomplete beta function (Abramowitz and Stegun 26.5.8), by the
// modified Lentz method; converges fast for x < (a + 1) / (a + b + 2).
double beta_fraction(double a, double b, double x) {
  double c = 1.0;
  double d = 1.0 / guarded(1.0 - (a + b) * x / (a + 1.0));
  double product = d;
  for (int i = 1; i < 10000; ++i) {
    const double m = i;
    const double even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
    d = 1.0 / guarded(1.0 + even * d);
    c = guarded(1.0 + even / c);
    product *= d * c;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
    d = 1.0 / guarded(1.0 + odd * d);
    c = guarded(1.0 + odd / c);
    product *= d * c;
    if (std::abs(d * c - 1.0) < 1e-15) break;
  }
  return product;
}

// I_x(a, b).
double regularised_beta(double a, double b, double x) {
  if (x <= 0.0) return 0.0;
  if (x >= 1.0) return 1.0;
  const double front = std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) +
                                a * std::log(x) + b * std::log1p(-x));
  if (x < (a + 1.0) / (a + b + 2.0)) return front * beta_fraction(a, b, x) / a;
  return 1.0 - front * beta_fraction(b, a, 1.0 - x) / b;
}

// P(T > t) for t >= 0.
double upper_tail(double t, double freedom) {
  return 0.5 * regularised_beta(0.5 * freedom, 0.5, freedom / (freedom + t * t));
}

}  // namespace

double t_quantile(double p, double freedom) {
  if (!(p > 0.0 && p < 1.0) || !(freedom > 0.0)) {
    fail(ErrorKind::internal, "t_quantile: p ", p, ", freedom ", freedom);
  }
  if (p < 0.5) return -t_quantile(1.0 - p, freedom);
  const double tail = 1.0 - p;
  double low = 0.0;
  double high = 1.0;
  while (upper_tail(high, freedom) > tail && high < 1e150) high *= 2.0;
  for (int i = 0; i < 200 && high - low > 1e-12 * high; ++i) {
    const double middle = 0.5 * (low + high);
    (upper_tail(middle, freedom) > tail ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

double mean_of(const std::vector<double>& values) {
  if (values.empty()) return 0.0;
  double sum = 0.0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

Interval mean_interval(const std::vector<double>& values) {
  Interval interval{values.size(), mean_of(values), std::nullopt};
  if (values.size() < 2) return interval;
  double squares = 0.0;
  for (const double value : values) squares += (value - interval.mean) * (value - interval.mean);
  const auto n = static_cast<double>(values.size());
  interval.half_width = t_quantile(0.975, n - 1.0) * std::sqrt(squares / (n - 1.0) / n);
  return interval;
}

bool overlap(const Interval& first, const Interval& second) {
  if (!first.half_width || !second.half_width) return true;
  return first.low() <= second.high() && second.low() <= first.high();
}

}  // namespace dnd::eval
