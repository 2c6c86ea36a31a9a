#include "lm/learn/answer_loss.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/mm.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "base/log_sum_exp.h"
#include "lm/learn/stored_values.h"

namespace dnd::lm::learn {
namespace {

using torch::autograd::variable_list;

// Rows whose logits are in memory at once: of 150,000 tokens 40 MB.
constexpr std::int64_t kRows = 64;
// The logarithm of no probability.
constexpr double kNothing = -std::numeric_limits<double>::infinity();

struct LossCall {
  at::Tensor head;                    // (vocabulary, C)
  std::vector<std::int64_t> learned;  // of each row
  std::vector<const TeacherToken*> teachers;
  std::vector<double> weights;  // of each row's loss in the sum
  double softcap = 0.0;
  bool gradient = true;
};

// What the rows come to, and the gradient of the weighted sum of their losses.
struct Rows {
  std::vector<double> losses;
  std::vector<bool> right;
};

std::span<float> values_in(const at::Tensor& row) {
  return {row.mutable_data_ptr<float>(), static_cast<std::size_t>(row.numel())};
}

// -log p(token), and, where wanted, its gradient in the place of the log-probabilities (vocabulary).
double token_loss(const at::Tensor& logs, std::int64_t token, bool gradient) {
  const auto at = static_cast<std::size_t>(token);
  const double loss = -static_cast<double>(values_in(logs)[at]);
  if (gradient) {
    logs.exp_();
    values_in(logs)[at] -= 1.0F;
  }
  return loss;
}

// sum p (log p - log q) over the teacher's likeliest tokens and all others as one outcome; q of that is their
// sum. With sum p = 1 its gradient in a logit z is q - p of a token that is told apart, q - p q / (sum q) of
// another.
double teacher_loss(const at::Tensor& logs, const TeacherToken& teacher, bool gradient) {
  const std::span<float> values = values_in(logs);
  std::vector<float> told;  // log q of the teacher's
  for (const std::int32_t id : teacher.best) {
    float& value = values[static_cast<std::size_t>(id)];
    told.push_back(value);
    value = -INFINITY;
  }
  const bool all_told = told.size() == values.size();
  const double rest = all_told ? kNothing : log_sum_exp(values);
  const auto part = [](double p_log, double q_log) {
    return std::isinf(p_log) ? 0.0 : std::exp(p_log) * (p_log - q_log);
  };
  double loss = 0.0;
  for (std::size_t i = 0; i < told.size(); ++i) loss += part(teacher.logs[i], told[i]);
  const double teacher_rest = teacher.logs.back();
  if (!all_told) loss += part(teacher_rest, rest);
  if (!gradient) return loss;
  const at::Tensor other = (logs - rest).exp_().mul_(std::exp(teacher_rest));  // p q / (sum q)
  logs.exp_();
  if (!all_told) logs.sub_(other);
  for (std::size_t i = 0; i < told.size(); ++i) {
    values[static_cast<std::size_t>(teacher.best[i])] =
        std::exp(told[i]) - std::exp(teacher.logs[i]);
  }
  return loss;
}

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
  for (std::int64_t row = 0; row < logits.size(0); ++row) {
    const auto index = static_cast<std::size_t>(first + row);
    const std::int64_t token = call.learned[index];
    const at::Tensor logs = logits.select(0, row);
    const bool finite = std::isfinite(values_in(logs)[static_cast<std::size_t>(token)]);
    rows.right.push_back(best.const_data_ptr<std::int64_t>()[row] == token && finite);
    const TeacherToken* const teacher = call.teachers[index];
    rows.losses.push_back(teacher == nullptr ? token_loss(logs, token, call.gradient)
                                             : teacher_loss(logs, *teacher, call.gradient));
    if (call.gradient) logs.mul_(call.weights[index]);
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
  LossCall call = {values_of(head), layout.learned,        layout.teachers, {},
                   softcap,         states.requires_grad()};
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
