#include "trainer/gradient.h"

#include <ATen/TensorOperators.h>
#include <c10/core/GradMode.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <utility>

#include "nn/autocast.h"
#include "ops/ordered_sum.h"
#include "ops/pieces.h"

namespace dnd::trainer {
namespace {

at::Tensor output_of(const nn::DecoderModel& model, const nn::Tensors& values,
                     const at::Tensor& mean_tokens, const at::Tensor& condition, bool bf16) {
  const nn::Autocast autocast(bf16, condition.device().type());
  const at::Tensor output = model.decode(values, model.project(values, condition)).to(at::kFloat);
  return mean_tokens.defined() ? output + mean_tokens : output;
}

nn::Tensors leaves_of(const nn::Tensors& values) {
  nn::Tensors leaves;
  for (const at::Tensor& value : values) leaves.push_back(value.detach().requires_grad_(true));
  return leaves;
}

}  // namespace

GradientResult& GradientResult::operator+=(GradientResult&& other) {
  loss += other.loss;
  for (std::size_t i = 0; i < gradients.size(); ++i) gradients[i].add_(other.gradients[i]);
  return *this;
}

GradientResult batch_gradient(const ops::Workers& workers, const nn::DecoderModel& model,
                              const nn::Tensors& values, const at::Tensor& mean_tokens,
                              const Objective& objective, const ExampleMaker& make_examples,
                              const BatchPlan& plan) {
  ops::OrderedSum<GradientResult> sum;
  const std::int64_t blocks = ops::pieces(plan.examples, plan.micro_batch);
  workers.run(blocks, [&](std::int64_t block) {
    const c10::InferenceMode off(false);  // the workers' threads live in inference mode
    const std::int64_t begin = block * plan.micro_batch;
    const Examples examples =
        make_examples(begin, std::min(plan.micro_batch, plan.examples - begin));
    const nn::Tensors leaves = leaves_of(values);
    at::Tensor loss;
    {
      const c10::AutoGradMode record(true);
      loss = objective(output_of(model, leaves, mean_tokens, examples.condition, plan.bf16),
                       examples) *
             plan.scale;
    }
    nn::Tensors gradients = torch::autograd::grad({loss}, leaves);
    for (at::Tensor& gradient : gradients) gradient = gradient.contiguous();
    sum.add(block, {loss.item<double>(), std::move(gradients)});
  });
  return sum.take();
}

at::Tensor predict(const nn::DecoderModel& model, const nn::Tensors& values,
                   const at::Tensor& mean_tokens, const at::Tensor& condition, bool bf16) {
  const c10::InferenceMode off(false);
  const c10::NoGradGuard no_record;
  return output_of(model, values, mean_tokens, condition, bf16);
}

}  // namespace dnd::trainer
