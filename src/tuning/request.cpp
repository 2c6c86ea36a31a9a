#include "tuning/request.h"

#include <algorithm>

namespace dnd::tuning {
namespace {

// Evaluations of what was left out, at least.
constexpr std::int64_t kEvaluations = 10;
constexpr std::int64_t kWarmupShare = 20;  // one step in so many

}  // namespace

void complete(TuneRule& rule, std::int64_t checkpoints) {
  rule.warmup_steps = std::max<std::int64_t>(1, rule.steps / kWarmupShare);
  rule.checkpoints = checkpoints;
  rule.evaluations = checkpoints * ((kEvaluations + checkpoints - 1) / checkpoints);
}

}  // namespace dnd::tuning
