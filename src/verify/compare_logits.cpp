#include "verify/compare_logits.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "base/log_sum_exp.h"
#include "base/strings.h"

namespace dnd::verify {
namespace {

using Row = std::span<const float>;

std::size_t count_not_finite(const std::vector<float>& values) {
  return static_cast<std::size_t>(std::count_if(values.begin(), values.end(),
                                                [](float value) { return !std::isfinite(value); }));
}

double largest_size(Row row) {
  double largest = 0.0;
  for (const float value : row) largest = std::max(largest, std::abs(static_cast<double>(value)));
  return largest;
}

double divergence(Row base, Row adapted) {
  const double base_sum = log_sum_exp(base);
  const double adapted_sum = log_sum_exp(adapted);
  double sum = 0.0;
  for (std::size_t i = 0; i < base.size(); ++i) {
    const double p = static_cast<double>(base[i]) - base_sum;
    const double q = static_cast<double>(adapted[i]) - adapted_sum;
    sum += std::exp(p) * (p - q);
  }
  return std::max(sum, 0.0);
}

std::ptrdiff_t choice(Row row) { return std::max_element(row.begin(), row.end()) - row.begin(); }

}  // namespace

LogitChange compare_logits(const HostTensor& base, const HostTensor& adapted) {
  if (base.shape != adapted.shape || base.shape.size() != 2 || base.values.empty()) {
    fail(ErrorKind::internal, "verify: logits ", shape_text(base.shape), " and ",
         shape_text(adapted.shape), " cannot be compared");
  }
  LogitChange change;
  change.positions = static_cast<std::size_t>(base.shape[0]);
  change.base_not_finite = count_not_finite(base.values);
  change.adapted_not_finite = count_not_finite(adapted.values);
  if (change.base_not_finite + change.adapted_not_finite > 0) return change;
  const auto width = static_cast<std::size_t>(base.shape[1]);
  for (std::size_t i = 0; i < change.positions; ++i) {
    const Row before = std::span(base.values).subspan(i * width, width);
    const Row after = std::span(adapted.values).subspan(i * width, width);
    if (choice(before) != choice(after)) ++change.other_choices;
    change.kl += divergence(before, after) / static_cast<double>(change.positions);
    for (std::size_t k = 0; k < width; ++k) {
      const double delta = static_cast<double>(after[k]) - static_cast<double>(before[k]);
      change.largest = std::max(change.largest, std::abs(delta));
    }
  }
  const double size = largest_size(base.values);
  change.relative = size > 0.0 ? change.largest / size : 0.0;
  return change;
}

std::vector<Finding> judge(const LogitChange& change) {
  const auto broken = [&](std::size_t count, const char* who) {
    return std::vector<Finding>{
        {Severity::error, "run",
         cat(count, " logits of ", change.positions, " positions are not ", "finite ", who)}};
  };
  if (change.base_not_finite > 0) {
    return broken(change.base_not_finite, "without an adapter: the base itself is broken");
  }
  if (change.adapted_not_finite > 0) {
    return broken(change.adapted_not_finite, "with the adapter (weights or scale too large?)");
  }
  if (change.largest > 0.0) return {};
  return {{Severity::error, "run",
           cat("no logit of ", change.positions, " positions changes: the adapter does nothing")}};
}

}  // namespace dnd::verify
