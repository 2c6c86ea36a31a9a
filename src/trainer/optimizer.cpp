#include "trainer/optimizer.h"

#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/full.h>
#include <ATen/ops/linalg_vector_norm.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace dnd::trainer {
namespace {

// Values a block: boundaries depend on shapes alone.
constexpr std::int64_t kPiece = 1 << 18;

struct Piece {
  std::size_t tensor = 0;
  std::int64_t begin = 0;
  std::int64_t size = 0;
};

std::vector<Piece> pieces_of(const nn::Tensors& tensors) {
  std::vector<Piece> pieces;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    for (std::int64_t begin = 0; begin < tensors[i].numel(); begin += kPiece) {
      pieces.push_back({i, begin, std::min(kPiece, tensors[i].numel() - begin)});
    }
  }
  return pieces;
}

at::Tensor view(const nn::Tensors& tensors, const Piece& piece) {
  return tensors[piece.tensor].view({-1}).narrow(0, piece.begin, piece.size);
}

}  // namespace

double learning_rate_at(const tasks::TrainConfig& config, std::int64_t step) {
  const auto done = static_cast<double>(step);
  const auto warmup = static_cast<double>(config.warmup_steps);
  if (step < config.warmup_steps) return config.learning_rate * (done + 1.0) / warmup;
  const double share = (done - warmup) / std::max(1.0, static_cast<double>(config.steps) - warmup);
  return config.learning_rate * 0.5 * (1.0 + std::cos(std::numbers::pi * share));
}

double gradient_norm(const ops::Workers& workers, const nn::Tensors& gradients) {
  const std::vector<Piece> pieces = pieces_of(gradients);
  std::vector<double> norms(pieces.size());
  workers.run(static_cast<std::int64_t>(pieces.size()), [&](std::int64_t i) {
    const auto index = static_cast<std::size_t>(i);
    norms[index] =
        at::linalg_vector_norm(view(gradients, pieces[index]), 2, std::nullopt, false, at::kDouble)
            .item<double>();
  });
  double sum = 0.0;
  for (const double norm : norms) sum += norm * norm;
  return std::sqrt(sum);
}

void adamw_step(const ops::Workers& workers, const tasks::TrainConfig& config,
                OptimizerState& state, const nn::Tensors& gradients, double norm) {
  const double rate = learning_rate_at(config, state.step);
  const double scale = std::min(1.0, config.max_gradient_norm / (norm + 1e-6));
  ++state.step;
  const std::vector<Piece> pieces = pieces_of(gradients);
  workers.run(static_cast<std::int64_t>(pieces.size()), [&](std::int64_t i) {
    const Piece& piece = pieces[static_cast<std::size_t>(i)];
    const at::Tensor gradient = view(gradients, piece);
    if (scale < 1.0) gradient.mul_(scale);
    const at::Tensor steps = at::full({}, static_cast<double>(state.step), gradient.options());
    at::_fused_adamw_(view(state.values, piece), gradient, view(state.exp_avg, piece),
                      view(state.exp_avg_sq, piece), at::TensorList{}, steps, rate, config.beta1,
                      config.beta2, config.weight_decay, config.epsilon, /*amsgrad=*/false,
                      /*maximize=*/false);
  });
}

}  // namespace dnd::trainer
