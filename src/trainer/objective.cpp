#include "trainer/objective.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cstddef>

namespace dnd::trainer {
namespace {

using adapter::FactorLayout;
using adapter::kScaleCells;

// (B, rank, size) of one factor from scaled tokens: B is the transpose of what PEFT stores.
at::Tensor factor_of(const adapter::AdapterLayout& layout, const FactorLayout& factor,
                     const at::Tensor& scaled) {
  std::vector<at::Tensor> chunks;
  for (std::int64_t chunk = 0; chunk < factor.chunks; ++chunk) {
    const std::int64_t begin = chunk * factor.chunk_width();
    const std::int64_t width = std::min(factor.chunk_width(), factor.size - begin);
    chunks.push_back(
        scaled.select(1, factor.first_token + chunk).narrow(1, 0, layout.rank).narrow(2, 0, width));
  }
  return at::cat(chunks, 2);
}

}  // namespace

at::Tensor TokenLoss::operator()(const at::Tensor& output, const at::Tensor& target) const {
  const at::Tensor difference = output - target;
  return (difference * difference * cell_weights).sum() / cells;
}

at::Tensor apply_scales(const at::Tensor& tokens) {
  const std::int64_t batch = tokens.size(0);
  const std::int64_t count = tokens.size(1);
  const std::int64_t rows = tokens.size(2);
  const std::int64_t columns = tokens.size(3);
  const std::int64_t along = columns / kScaleCells;
  const std::int64_t down = rows / kScaleCells;
  const at::Tensor width = tokens.narrow(2, rows - kScaleCells, kScaleCells)
                               .narrow(3, 0, along * kScaleCells)
                               .reshape({batch, count, 2, along, 2})
                               .mean(3);  // (B, T, pair, (s0, s1))
  const at::Tensor height = tokens.narrow(2, 0, down * kScaleCells)
                                .narrow(3, columns - kScaleCells, kScaleCells)
                                .reshape({batch, count, down, 2, 2})
                                .mean(2);
  const at::Tensor code = (width + height) / 2.0;
  const at::Tensor mean = (code.select(3, 0) / 8.0).mean(2);
  const at::Tensor deviation = ((at::exp(code.select(3, 1) - 1.6) - 0.1) / 0.9).mean(2);
  return tokens * deviation.view({batch, count, 1, 1}) + mean.view({batch, count, 1, 1});
}

at::Tensor UpdateLoss::operator()(const at::Tensor& output, const at::Tensor& target) const {
  const at::Tensor ours = apply_scales(output);
  const at::Tensor theirs = apply_scales(target);
  const std::vector<FactorLayout> factors = layout.factors();  // A and B of each layer in turn
  at::Tensor loss = at::zeros({}, output.options());
  for (std::size_t i = 0; i + 1 < factors.size(); i += 2) {
    const auto both = [&](std::size_t factor, double sign) {
      return at::cat({factor_of(layout, factors[factor], ours),
                      factor_of(layout, factors[factor], theirs) * sign},
                     1);  // (B, 2 rank, size)
    };
    const at::Tensor a = both(i, -1.0);
    const at::Tensor b = both(i + 1, 1.0);
    const at::Tensor grams = at::matmul(a, a.transpose(1, 2)) * at::matmul(b, b.transpose(1, 2));
    loss = loss + grams.sum() * weights[i / 2];
  }
  return loss * (2.0 / static_cast<double>(factors.size()));
}

}  // namespace dnd::trainer
