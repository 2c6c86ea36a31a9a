#include "trainer/answer_objective.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "adapter/lora.h"
#include "base/strings.h"
#include "lm/attach_adapter.h"
#include "lm/learn/batch_gradient.h"
#include "lm/learn/capsule.h"
#include "trainer/token_matrices.h"

namespace dnd::trainer {
namespace {

using lm::learn::BatchGradient;
using lm::learn::LearningBase;
using lm::learn::Lesson;
using lm::learn::LinearAdapter;
using lm::learn::TaskAdapter;
using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

// Lessons through the base, each with the adapter of its task.
struct AnswerPass {
  const LearningBase* base = nullptr;
  std::span<const Lesson> lessons;
  const std::vector<TaskAdapter>* adapters = nullptr;
  std::int64_t lowest = 0;
};

// The adapters' matrices, one adapter's behind the other's -> the sum of the lessons' losses.
struct BaseLoss : Function<BaseLoss> {
  static at::Tensor forward(AutogradContext* context, at::TensorList matrices,
                            const AnswerPass& pass) {
    BatchGradient result = lm::learn::micro_batch_gradient(*pass.base, pass.lessons, *pass.adapters,
                                                           pass.lowest, /*backward=*/true);
    variable_list gradients;
    for (std::vector<at::Tensor>& own : result.gradients) {
      std::move(own.begin(), own.end(), std::back_inserter(gradients));
    }
    if (gradients.size() != matrices.size()) {
      fail(ErrorKind::internal, "train: an adapter of the micro-batch has no question");
    }
    context->save_for_backward(std::move(gradients));
    const double sum = std::accumulate(result.losses.begin(), result.losses.end(), 0.0);
    return at::full({}, sum, at::kFloat);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    variable_list result = context->get_saved_variables();
    for (at::Tensor& each : result) each = each * gradients[0];
    result.emplace_back();  // of the pass
    return result;
  }
};

}  // namespace

AnswerObjective::AnswerObjective(lm::ModelParts base, const adapter::AdapterLayout& layout,
                                 std::int64_t longest)
    : base_(base.weights, base.config),
      factors_(layout.factors()),
      rank_(layout.rank),
      scale_(static_cast<double>(layout.alpha) / static_cast<double>(layout.rank)) {
  base_.reserve(longest);
  const adapter::LoraAdapter places = adapter::lora_of_layout(layout);
  const lm::PlacedPairs placed = lm::place_pairs(base.weights.linears(), places);
  if (placed.back()[0] != nullptr) {
    fail(ErrorKind::data, "train: layout: '", printable(placed.back()[0]->module),
         "': the output head is not learned through the base");
  }
  for (const auto& pairs : placed) {
    std::vector<std::size_t>& modules = modules_.emplace_back();
    for (const adapter::LoraPair* pair : pairs) {
      modules.push_back(pair == nullptr ? kNone
                                        : static_cast<std::size_t>(pair - places.pairs.data()));
    }
  }
  const auto first = std::find_if(modules_.begin(), modules_.end(), [](const auto& modules) {
    return std::any_of(modules.begin(), modules.end(), [](std::size_t m) { return m != kNone; });
  });
  lowest_ = (first - modules_.begin()) / LearningBase::kPlaces;
}

std::vector<TaskAdapter> AnswerObjective::adapters_of(const at::Tensor& tokens) const {
  const at::Tensor scaled = apply_scales(tokens);
  std::vector<TaskAdapter> adapters;
  for (std::int64_t i = 0; i < tokens.size(0); ++i) {
    const std::vector<at::Tensor> matrices = token_matrices(factors_, rank_, scaled.select(0, i));
    TaskAdapter& adapter = adapters.emplace_back();
    for (const std::vector<std::size_t>& modules : modules_) {
      LinearAdapter& linear = adapter.emplace_back();
      std::vector<at::Tensor> a;
      for (const std::size_t module : modules) {
        if (module != kNone) a.push_back(matrices[2 * module]);
      }
      if (a.empty()) continue;
      linear.a = at::cat(a, 0);
      for (const std::size_t module : modules) {
        linear.b.push_back(module == kNone ? at::Tensor() : matrices[2 * module + 1].t());
        linear.scales.push_back(scale_);
      }
    }
  }
  return adapters;
}

at::Tensor AnswerObjective::operator()(const at::Tensor& tokens,
                                       std::span<const Lesson> lessons) const {
  const std::vector<TaskAdapter> adapters = adapters_of(tokens);
  std::vector<at::Tensor> matrices;
  for (const TaskAdapter& adapter : adapters) {
    for (at::Tensor& each : lm::learn::matrices_of(adapter)) matrices.push_back(std::move(each));
  }
  return BaseLoss::apply(at::TensorList(matrices), AnswerPass{&base_, lessons, &adapters, lowest_});
}

TuneScore AnswerObjective::judge(const ops::Workers& workers, const at::Tensor& tokens,
                                 std::span<const Lesson> lessons) const {
  const c10::AutoGradMode record(false);
  const BatchGradient losses =
      lm::learn::batch_losses(workers, base_, lessons, adapters_of(tokens.unsqueeze(0)));
  return lm::learn::mean_score(losses, 0, lessons.size());
}

}  // namespace dnd::trainer
