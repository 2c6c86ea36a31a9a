#include "trainer/token_matrices.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "lm/learn/capsule.h"

namespace dnd::trainer {
namespace {

using adapter::FactorLayout;
using adapter::kScaleCells;
using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

// Calls visit(cells, columns): the cells of each chunk (rank, width) among the tokens, its columns of the
// matrix (rank, size).
template <typename Visit>
void for_each_chunk(const FactorLayout& factor, const at::Tensor& tokens, const at::Tensor& matrix,
                    const Visit& visit) {
  for (std::int64_t chunk = 0; chunk < factor.chunks; ++chunk) {
    const std::int64_t begin = chunk * factor.chunk_width();
    const std::int64_t width = std::min(factor.chunk_width(), factor.size - begin);
    visit(tokens.select(0, factor.first_token + chunk)
              .narrow(0, 0, matrix.size(0))
              .narrow(1, 0, width),
          matrix.narrow(1, begin, width));
  }
}

// What the way back needs.
struct Cut {
  std::vector<FactorLayout> factors;
  std::vector<std::int64_t> shape;  // of the tokens
};

struct TokenMatrices : Function<TokenMatrices> {
  static variable_list forward(AutogradContext* context, const at::Tensor& scaled,
                               const std::vector<FactorLayout>& factors, std::int64_t rank) {
    variable_list matrices;
    for (const FactorLayout& factor : factors) {
      const at::Tensor matrix = at::empty({rank, factor.size}, scaled.options());
      for_each_chunk(
          factor, scaled, matrix,
          [](const at::Tensor& cells, const at::Tensor& columns) { columns.copy_(cells); });
      matrices.push_back(matrix);
    }
    lm::learn::keep(context, Cut{factors, scaled.sizes().vec()});
    return matrices;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto& [factors, shape] = lm::learn::kept<Cut>(context);
    at::Tensor result;
    for (std::size_t i = 0; i < factors.size(); ++i) {
      if (!gradients[i].defined()) continue;
      if (!result.defined()) result = at::zeros(shape, gradients[i].options());
      for_each_chunk(
          factors[i], result, gradients[i],
          [](const at::Tensor& cells, const at::Tensor& columns) { cells.copy_(columns); });
    }
    return {result, at::Tensor(), at::Tensor()};
  }
};

}  // namespace

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

std::vector<at::Tensor> token_matrices(const std::vector<FactorLayout>& factors, std::int64_t rank,
                                       const at::Tensor& scaled) {
  return TokenMatrices::apply(scaled, factors, rank);
}

}  // namespace dnd::trainer
