// What an adapter does to a model's logits.
#pragma once

#include <cstddef>
#include <vector>

#include "dnd/engine.h"
#include "verify/verify.h"

namespace dnd::verify {

struct LogitChange {
  std::size_t positions = 0;
  std::size_t other_choices = 0;  // positions whose largest logit is another one
  double largest = 0.0;           // |adapted - base|
  double relative = 0.0;          // largest, of the largest |base|
  double kl = 0.0;                // mean KL(base || adapted) of the next token, nats
  std::size_t base_not_finite = 0;
  std::size_t adapted_not_finite = 0;  // the numbers above are 0 where any logit is not finite
};

// Both (positions, vocabulary).
LogitChange compare_logits(const HostTensor& base, const HostTensor& adapted);

// What is wrong with it: logits that are not finite, or that do not change.
std::vector<Finding> judge(const LogitChange& change);

}  // namespace dnd::verify
