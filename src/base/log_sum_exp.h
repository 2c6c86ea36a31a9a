// The normaliser of a row of logits.
#pragma once

#include <algorithm>
#include <cmath>
#include <span>

namespace dnd {

// log(sum(exp(x))) of at least one value, in double.
inline double log_sum_exp(std::span<const float> row) {
  const auto most = static_cast<double>(*std::max_element(row.begin(), row.end()));
  double sum = 0.0;
  for (const float value : row) sum += std::exp(static_cast<double>(value) - most);
  return most + std::log(sum);
}

}  // namespace dnd
