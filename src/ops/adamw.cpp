#include "ops/adamw.h"

#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/full.h>
#include <ATen/ops/linalg_vector_norm.h>

#include <algorithm>
#include <cmath>
#include <optional>

namespace dnd::ops {
namespace {

// Values a block: boundaries depend on shapes alone.
constexpr std::int64_t kPiece = 1 << 18;

struct TensorPiece {
  std::size_t tensor = 0;
  std::int64_t begin = 0;
  std::int64_t size = 0;
};

std::vector<TensorPiece> pieces_of(const std::vector<at::Tensor>& tensors) {
  std::vector<TensorPiece> pieces;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    for (std::int64_t begin = 0; begin < tensors[i].numel(); begin += kPiece) {
      pieces.push_back({i, begin, std::min(kPiece, tensors[i].numel() - begin)});
    }
  }
  return pieces;
}

at::Tensor values_in(const std::vector<at::Tensor>& tensors, const TensorPiece& piece) {
  return tensors[piece.tensor].view({-1}).narrow(0, piece.begin, piece.size);
}

}  // namespace

double gradient_norm(const Workers& workers, const std::vector<at::Tensor>& gradients) {
  const std::vector<TensorPiece> pieces = pieces_of(gradients);
  std::vector<double> norms(pieces.size());
  workers.run(static_cast<std::int64_t>(pieces.size()), [&](std::int64_t i) {
    const auto index = static_cast<std::size_t>(i);
    const at::Tensor values = values_in(gradients, pieces[index]);
    norms[index] =
        at::linalg_vector_norm(values, 2, std::nullopt, false, at::kDouble).item<double>();
  });
  double sum = 0.0;
  for (const double norm : norms) sum += norm * norm;
  return std::sqrt(sum);
}

void adamw_step(const Workers& workers, const AdamW& rule, AdamWState& state,
                const std::vector<at::Tensor>& gradients, double norm, double max_norm) {
  const double scale = std::min(1.0, max_norm / (norm + 1e-6));
  ++state.step;
  const std::vector<TensorPiece> pieces = pieces_of(gradients);
  workers.run(static_cast<std::int64_t>(pieces.size()), [&](std::int64_t i) {
    const TensorPiece& piece = pieces[static_cast<std::size_t>(i)];
    const at::Tensor gradient = values_in(gradients, piece);
    if (scale < 1.0) gradient.mul_(scale);
    const at::Tensor steps = at::full({}, static_cast<double>(state.step), gradient.options());
    at::_fused_adamw_(values_in(state.values, piece), gradient, values_in(state.exp_avg, piece),
                      values_in(state.exp_avg_sq, piece), at::TensorList{}, steps,
                      rule.learning_rate, rule.beta1, rule.beta2, rule.weight_decay, rule.epsilon,
                      /*amsgrad=*/false, /*maximize=*/false);
  });
}

}  // namespace dnd::ops
