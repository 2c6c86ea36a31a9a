#include "lm/learn/answer_loss.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/mm.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>

#include "lm/learn/stored_values.h"

namespace dnd::lm::learn {
namespace {

using torch::autograd::variable_list;

// Rows whose logits are in memory at once: of 150,000 tokens 40 MB.
constexpr std::int64_t kRows = 64;

struct LossCall {
  at::Tensor head;                    // (vocabulary, C)
  std::vector<std::int64_t> learned;  // of each row
  std::vector<double> weights;        // of each row's loss in the sum
  double softcap = 0.0;
  bool gradient = true;
};

// What the rows come to, and the gradient of the weighted sum of their losses.
struct Rows {
  std::vector<double> losses;
  std::vector<bool> right;
};

// Makes of logits (rows, vocabulary) the gradient of them, in place.
void add_rows(at::Tensor& logits, const LossCall& call, std::int64_t first, Rows& rows) {
  at::Tensor slope;
  if (call.softcap != 0.0) {
    const at::Tensor t = logits.div_(call.softcap).tanh_();
    if (call.gradient) slope = 1.0 - t.square();
    logits.mul_(call.softcap);
  }
  const at::Tensor best = logits.argmax(1);
  logits = logits.log_softmax(1);
  const auto* bests = best.const_data_ptr<std::int64_t>();
  for (std::int64_t row = 0; row < logits.size(0); ++row) {
    const std::int64_t token = call.learned[static_cast<std::size_t>(first + row)];
    const auto* values = logits.const_data_ptr<float>() + row * logits.size(1);
    rows.losses.push_back(-static_cast<double>(values[token]));
    rows.right.push_back(bests[row] == token && std::isfinite(values[token]));
  }
  if (!call.gradient) return;
  logits.exp_();
  for (std::int64_t row = 0; row < logits.size(0); ++row) {
    const auto index = static_cast<std::size_t>(first + row);
    const at::Tensor one = logits.select(0, row);
    one.mutable_data_ptr<float>()[call.learned[index]] -= 1.0F;
    one.mul_(call.weights[index]);
  }
  if (slope.defined()) logits.mul_(slope);
}

// The gradient (n, C) of the weighted sum; undefined where none is wanted.
at::Tensor run_rows(const at::Tensor& states, const LossCall& call, Rows& rows) {
  at::Tensor gradient = call.gradient ? at::empty_like(states) : at::Tensor();
  for (std::int64_t first = 0; first < states.size(0); first += kRows) {
    const std::int64_t count = std::min(kRows, states.size(0) - first);
    at::Tensor logits = states.narrow(0, first, count).mm(call.head.t());
    add_rows(logits, call, first, rows);
    if (!call.gradient) continue;
    at::Tensor part = gradient.narrow(0, first, count);
    at::mm_out(part, logits, call.head);
  }
  return gradient;
}

// The sum's value and gradient are there before it is asked for.
struct Given : torch::autograd::Function<Given> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& /*states*/,
                            const at::Tensor& gradient, double value) {
    context->save_for_backward({gradient});
    return at::empty({}, at::kFloat).fill_(value);
  }

  static variable_list backward(torch::autograd::AutogradContext* context,
                                const variable_list& gradients) {
    return {context->get_saved_variables()[0] * gradients[0], {}, {}};
  }
};

}  // namespace

AnswerLosses answer_losses(const at::Tensor& states, const StoredWeight& head,
                           const PassLayout& layout, double softcap) {
  LossCall call = {values_of(head), layout.learned, {}, softcap, states.requires_grad()};
  for (const RowSpan& answer : layout.answers) {
    call.weights.insert(call.weights.end(), static_cast<std::size_t>(answer.count),
                        1.0 / static_cast<double>(answer.count));
  }
  Rows rows;
  const at::Tensor gradient = run_rows(states.detach(), call, rows);
  AnswerLosses result;
  double sum = 0.0;
  for (const RowSpan& answer : layout.answers) {
    const auto begin = rows.losses.begin() + answer.first;
    double loss = 0.0;
    std::for_each(begin, begin + answer.count, [&](double each) { loss += each; });
    result.losses.push_back(loss / static_cast<double>(answer.count));
    const auto right = rows.right.begin() + answer.first;
    result.right.push_back(
        std::all_of(right, right + answer.count, [](bool each) { return each; }));
    sum += result.losses.back();
  }
  result.sum =
      call.gradient ? Given::apply(states, gradient, sum) : at::empty({}, at::kFloat).fill_(sum);
  return result;
}

}  // namespace dnd::lm::learn
