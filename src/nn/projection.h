// The two linear maps that shorten a long condition.
#pragma once

#include <ATen/core/Tensor.h>

#include "ops/precision.h"
#include "ops/workers.h"

namespace dnd::nn {

struct ProjectionWeights {
  at::Tensor down, down_bias;  // (L', L), (L')
  at::Tensor gate, gate_bias;  // (L', L'), (L')
};

// (N, L, C) -> (N, L', C). The memory of the condition is *read as* (N, C, L), not transposed: the
// released code calls view(), and the weights were trained with that. L -> L' -> L' without
// activation, read back as (N, L', C).
//
// Rows of L values that are equal are computed once: where chunks of padding repeat, so do rows
// (512 positions of 384 values are 7 5/13 rows of 26,624: every 96 rows). A row's result has the
// same bytes whatever the other rows and the number of workers.
at::Tensor project_condition(const ops::Workers& workers, const at::Tensor& condition,
                             const ProjectionWeights& weights, ops::Precision precision);

}  // namespace dnd::nn
