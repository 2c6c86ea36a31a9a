// Means over tasks and how sure they are.
//
// A task is the unit: its questions share one adapter, so they are not independent; the interval is
// over tasks. It is Student's: mean +- t(0.975, n - 1) * s / sqrt(n), s with n - 1 in the denominator. A
// bootstrap over tasks was the other choice; with 5 to 30 tasks it gives intervals that are too short,
// and it brings random numbers into a figure that can do without.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace dnd::eval {

// The p-quantile (0 < p < 1) of Student's t with `freedom` > 0 degrees of freedom: the regularised
// incomplete beta function (continued fraction, Lentz's method), inverted by bisection; within 1e-9
// of its value, relatively. Throws Error(internal) outside the domain.
double t_quantile(double p, double freedom);

// A mean over tasks. One task, or none, has no interval.
struct Interval {
  std::size_t count = 0;
  double mean = 0.0;  // 0 where count is 0
  std::optional<double> half_width;

  double low() const { return mean - half_width.value_or(0.0); }
  double high() const { return mean + half_width.value_or(0.0); }
};

Interval mean_interval(const std::vector<double>& values);

// Whether the intervals share a point. Intervals that are not known overlap with everything.
bool overlap(const Interval& first, const Interval& second);

double mean_of(const std::vector<double>& values);  // 0 of none

}  // namespace dnd::eval
