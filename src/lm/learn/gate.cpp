#include "lm/learn/gate.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include <numbers>
#include <utility>

#include "lm/learn/capsule.h"

namespace dnd::lm::learn {
namespace {

using torch::autograd::variable_list;

// A function's values and its slopes.
using Curve = std::pair<at::Tensor, at::Tensor>;

Curve silu_curve(const at::Tensor& x) {
  const at::Tensor sigmoid = x.sigmoid();
  const at::Tensor value = x * sigmoid;
  return {value, sigmoid + value * (1.0 - sigmoid)};
}

// x Phi(x), Phi that of the normal distribution.
Curve gelu_curve(const at::Tensor& x) {
  const at::Tensor share = (x * (std::numbers::sqrt2 / 2.0)).erf_().add_(1.0).mul_(0.5);
  const double height = std::numbers::inv_sqrtpi / std::numbers::sqrt2;  // of the density at 0
  return {x * share, share + x * (x.square() * -0.5).exp_().mul_(height)};
}

// x (1 + tanh(s (x + c x^3))) / 2, s = sqrt(2 / pi)
Curve gelu_tanh_curve(const at::Tensor& x) {
  constexpr double kScale = std::numbers::sqrt2 * std::numbers::inv_sqrtpi;
  constexpr double kCubic = 0.044715;
  const at::Tensor square = x.square();
  const at::Tensor t = ((square * kCubic + 1.0) * x * kScale).tanh_();
  const at::Tensor inner = (square * (3.0 * kCubic) + 1.0) * kScale;
  const at::Tensor half = (t + 1.0) * 0.5;
  return {x * half, half + x * (1.0 - t.square()) * inner * 0.5};
}

Curve curve_of(const at::Tensor& x, Activation activation) {
  if (activation == Activation::silu) return silu_curve(x);
  return activation == Activation::gelu ? gelu_curve(x) : gelu_tanh_curve(x);
}

at::Tensor gate_of(const at::Tensor& gate_up) { return gate_up.narrow(1, 0, gate_up.size(1) / 2); }
at::Tensor up_of(const at::Tensor& gate_up) {
  return gate_up.narrow(1, gate_up.size(1) / 2, gate_up.size(1) / 2);
}

struct Gated : torch::autograd::Function<Gated> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& gate_up,
                            Activation activation) {
    context->save_for_backward({gate_up});
    keep(context, activation);
    return curve_of(gate_of(gate_up), activation).first * up_of(gate_up);
  }

  static variable_list backward(torch::autograd::AutogradContext* context,
                                const variable_list& gradients) {
    const at::Tensor gate_up = context->get_saved_variables()[0];
    const auto [value, slope] = curve_of(gate_of(gate_up), kept<Activation>(context));
    at::Tensor result = at::empty_like(gate_up);
    up_of(result).copy_(gradients[0] * value);
    gate_of(result).copy_((gradients[0] * slope).mul_(up_of(gate_up)));
    return {result, {}};
  }
};

}  // namespace

at::Tensor gated(const at::Tensor& gate_up, Activation activation) {
  return Gated::apply(gate_up, activation);
}

}  // namespace dnd::lm::learn
