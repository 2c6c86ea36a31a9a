#include "lm/learn/norm.h"

#include <ATen/TensorOperators.h>
#include <torch/csrc/autograd/custom_function.h>

#include "lm/learn/capsule.h"

namespace dnd::lm::learn {
namespace {

using torch::autograd::variable_list;

// 1 / root mean square, (..., 1)
at::Tensor inverse_of(const at::Tensor& x, double epsilon) {
  return x.square().mean(-1, true).add_(epsilon).rsqrt_();
}

struct RmsNorm : torch::autograd::Function<RmsNorm> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x,
                            const NormRule& rule) {
    context->save_for_backward({x});
    keep(context, rule);
    return normalised(x, rule);
  }

  static variable_list backward(torch::autograd::AutogradContext* context,
                                const variable_list& gradients) {
    return {
        normalised_back(context->get_saved_variables()[0], kept<NormRule>(context), gradients[0]),
        {}};
  }
};

}  // namespace

at::Tensor normalised(const at::Tensor& x, const NormRule& rule) {
  return (x * inverse_of(x, rule.epsilon)).mul_(rule.weight);
}

// With n = x / rms and g = gradient * weight: (g - n mean(g n)) / rms.
at::Tensor normalised_back(const at::Tensor& x, const NormRule& rule, const at::Tensor& gradient) {
  const at::Tensor inverse = inverse_of(x, rule.epsilon);
  const at::Tensor n = x * inverse;
  at::Tensor g = gradient * rule.weight;
  const at::Tensor shared = (g * n).mean(-1, true);
  return g.sub_(n * shared).mul_(inverse);
}

at::Tensor rms_norm(const at::Tensor& x, const NormRule& rule) { return RmsNorm::apply(x, rule); }

}  // namespace dnd::lm::learn
