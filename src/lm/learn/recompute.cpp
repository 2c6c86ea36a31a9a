#include "lm/learn/recompute.h"

#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include "lm/learn/capsule.h"

namespace dnd::lm::learn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

variable_list leaves_of(const variable_list& saved) {
  variable_list leaves;
  for (const at::Tensor& tensor : saved) leaves.push_back(tensor.detach().requires_grad_(true));
  return leaves;
}

struct RecomputedLayers : torch::autograd::Function<RecomputedLayers> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& states,
                            at::TensorList matrices, const Recomputed& run) {
    variable_list saved = {states};
    saved.insert(saved.end(), matrices.begin(), matrices.end());
    context->save_for_backward(saved);
    keep(context, run);
    return run(states, matrices.vec());  // nothing is recorded here
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list leaves = leaves_of(context->get_saved_variables());
    variable_list found;
    {
      const c10::AutoGradMode record(true);
      const at::Tensor above =
          kept<Recomputed>(context)(leaves[0], {leaves.begin() + 1, leaves.end()});
      found = torch::autograd::grad({above}, leaves, {gradients[0]});
    }
    found.emplace_back();  // of `run`
    return found;
  }
};

}  // namespace

at::Tensor recomputed(const at::Tensor& states, const std::vector<at::Tensor>& matrices,
                      const Recomputed& run) {
  return RecomputedLayers::apply(states, at::TensorList(matrices), run);
}

}  // namespace dnd::lm::learn
