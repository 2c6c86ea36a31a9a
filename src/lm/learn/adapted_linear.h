// The base's linear layers with adapters beside them, differentiable in their inputs and in the adapters'
// matrices. The base is frozen. fp32, on the calling thread alone.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "lm/learn/lessons.h"
#include "lm/linear.h"

namespace dnd::lm::learn {

// The matrices of one task on one Linear.
struct LinearAdapter {
  at::Tensor
      a;  // of all adapted parts, one below the other (ranks, in); undefined: none is adapted
  std::vector<at::Tensor>
      b;  // of each part (out, rank), undefined where it is not adapted; empty with `a`
  std::vector<double> scales;  // of each part
};

// x (n, in) -> x W' + bias + scale (x A') B' (n, out), by part; each run of `tasks` with its own matrices.
// `adapters`: one for each run; nullptr: the base alone there. They outlive the call.
at::Tensor adapted_linear(const at::Tensor& x, const Linear& linear,
                          const std::vector<TaskRows>& tasks,
                          const std::vector<const LinearAdapter*>& adapters);

}  // namespace dnd::lm::learn
