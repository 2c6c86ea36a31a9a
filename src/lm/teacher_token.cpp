#include "lm/teacher_token.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "base/log_sum_exp.h"

namespace dnd::lm {

TeacherToken teacher_token(std::span<const float> logits) {
  std::vector<std::int32_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  const auto logit = [&](std::int32_t id) { return logits[static_cast<std::size_t>(id)]; };
  const std::size_t told = std::min(kTeacherTokens, order.size());
  const auto middle = order.begin() + static_cast<std::ptrdiff_t>(told);
  std::partial_sort(order.begin(), middle, order.end(), [&](std::int32_t a, std::int32_t b) {
    return logit(a) > logit(b) || (logit(a) == logit(b) && a < b);
  });
  const double all = log_sum_exp(logits);
  TeacherToken token;
  for (auto id = order.begin(); id != middle; ++id) {
    token.best.push_back(*id);
    token.logs.push_back(static_cast<float>(static_cast<double>(logit(*id)) - all));
  }
  std::vector<float> others;
  for (auto id = middle; id != order.end(); ++id) others.push_back(logit(*id));
  token.logs.push_back(others.empty() ? -INFINITY : static_cast<float>(log_sum_exp(others) - all));
  return token;
}

}  // namespace dnd::lm
