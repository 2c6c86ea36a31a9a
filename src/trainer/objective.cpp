#include "trainer/objective.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/zeros.h>

#include <cstddef>

#include "trainer/token_matrices.h"

namespace dnd::trainer {
at::Tensor TokenLoss::operator()(const at::Tensor& output, const at::Tensor& target) const {
  const at::Tensor difference = output - target;
  return (difference * difference * cell_weights).sum() / cells;
}

at::Tensor UpdateLoss::operator()(const at::Tensor& output, const at::Tensor& target) const {
  const at::Tensor ours = apply_scales(output);
  const at::Tensor theirs = apply_scales(target);
  const auto factors = layout.factors();  // A and B of each layer in turn
  at::Tensor loss = at::zeros({}, output.options());
  for (std::int64_t example = 0; example < output.size(0); ++example) {
    const auto x = token_matrices(factors, layout.rank, ours.select(0, example));
    const auto y = token_matrices(factors, layout.rank, theirs.select(0, example));
    for (std::size_t i = 0; i + 1 < factors.size(); i += 2) {
      const at::Tensor a = at::cat({x[i], -y[i]}, 0);  // (2 rank, size)
      const at::Tensor b = at::cat({x[i + 1], y[i + 1]}, 0);
      loss = loss + (a.mm(a.t()) * b.mm(b.t())).sum() * weights[i / 2];
    }
  }
  return loss * (2.0 / static_cast<double>(factors.size()));
}

}  // namespace dnd::trainer
