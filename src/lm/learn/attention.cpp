#include "lm/learn/attention.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>
#include <limits>

#include "lm/learn/capsule.h"
#include "lm/learn/norm.h"

namespace dnd::lm::learn {
namespace {

using torch::autograd::variable_list;

struct AttentionCall {
  std::vector<RowSpan> texts;
  HeadsRule rule;
};

// Of some rows: queries (n, H, D), keys and values (n, K, D).
struct Heads {
  at::Tensor queries, keys, values;
};

Heads parts_of(const at::Tensor& qkv, const HeadsRule& rule) {
  std::int64_t first = 0;
  const auto part = [&](std::int64_t count) {
    const std::int64_t width = count * rule.head_size;
    const at::Tensor heads = qkv.narrow(1, first, width);
    first += width;
    return heads.view({qkv.size(0), count, rule.head_size});
  };
  Heads heads;
  heads.queries = part(rule.heads);
  heads.keys = part(rule.key_value_heads);
  heads.values = part(rule.key_value_heads);
  return heads;
}

// The first 2 F values of each head turned by the angles; `way` -1: back. The tables' scale goes with both.
at::Tensor turned(const at::Tensor& heads, const HeadsRule& rule, double way) {
  if (!rule.cosines.defined()) return heads;
  const std::int64_t half = rule.cosines.size(-1);
  at::Tensor result = at::empty(heads.sizes(), heads.options());
  const at::Tensor first = heads.narrow(-1, 0, half);
  const at::Tensor second = heads.narrow(-1, half, half);
  const at::Tensor sines = way * rule.sines;
  result.narrow(-1, 0, half).copy_(first * rule.cosines).sub_(second * sines);
  result.narrow(-1, half, half).copy_(second * rule.cosines).add_(first * sines);
  const std::int64_t rest = heads.size(-1) - 2 * half;
  if (rest > 0) result.narrow(-1, 2 * half, rest).copy_(heads.narrow(-1, 2 * half, rest));
  return result;
}

at::Tensor placed(const at::Tensor& heads, const at::Tensor& norm, const HeadsRule& rule) {
  return turned(norm.defined() ? normalised(heads, {norm, rule.epsilon}) : heads, rule, 1.0);
}

at::Tensor placed_back(const at::Tensor& heads, const at::Tensor& norm, const HeadsRule& rule,
                       const at::Tensor& gradient) {
  const at::Tensor back = turned(gradient, rule, -1.0);
  return norm.defined() ? normalised_back(heads, {norm, rule.epsilon}, back) : back;
}

Heads placed(const Heads& heads, const HeadsRule& rule) {
  return {placed(heads.queries, rule.query_norm, rule), placed(heads.keys, rule.key_norm, rule),
          heads.values};
}

// -infinity where a row does not see a token, (S, S).
at::Tensor mask_of(std::int64_t length, std::int64_t window) {
  at::Tensor mask = at::zeros({length, length}, at::kFloat);
  auto* value = mask.mutable_data_ptr<float>();
  for (std::int64_t row = 0; row < length; ++row) {
    for (std::int64_t token = 0; token < length; ++token, ++value) {
      if (token > row || row - token >= window) *value = -std::numeric_limits<float>::infinity();
    }
  }
  return mask;
}

// A text's rows by key and value head: (n, H, D) -> (K, H / K * S, D).
at::Tensor gathered(const at::Tensor& heads, const RowSpan& text, std::int64_t groups) {
  const std::int64_t size = heads.size(2);
  return heads.narrow(0, text.first, text.count)
      .reshape({text.count, groups, heads.size(1) / groups, size})
      .permute({1, 2, 0, 3})
      .reshape({groups, -1, size});
}

// The way back: (K, H / K * S, D) to a text's rows of (n, H, D).
void scatter(const at::Tensor& from, const RowSpan& text, const at::Tensor& to) {
  const std::int64_t groups = from.size(0);
  to.narrow(0, text.first, text.count)
      .copy_(from.view({groups, -1, text.count, from.size(2)})
                 .permute({2, 0, 1, 3})
                 .reshape({text.count, to.size(1), from.size(2)}));
}

// One text.
struct TextAttention {
  Heads heads;               // gathered
  at::Tensor probabilities;  // (K, H / K * S, S)
  at::Tensor slope;          // of the cap; undefined without one
};

TextAttention attention_of(const Heads& heads, const RowSpan& text, const HeadsRule& rule) {
  const std::int64_t groups = rule.key_value_heads;
  TextAttention one = {{gathered(heads.queries, text, groups), gathered(heads.keys, text, groups),
                        gathered(heads.values, text, groups)},
                       {},
                       {}};
  at::Tensor scores = one.heads.queries.bmm(one.heads.keys.transpose(1, 2)).mul_(rule.scale);
  if (rule.softcap != 0.0) {
    const at::Tensor t = scores.div_(rule.softcap).tanh_();
    one.slope = 1.0 - t.square();
    scores = t * rule.softcap;
  }
  const at::Tensor mask = mask_of(text.count, rule.window);
  one.probabilities =
      scores.view({groups, -1, text.count, text.count}).add_(mask).softmax(-1).view_as(scores);
  return one;
}

struct Attend : torch::autograd::Function<Attend> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& qkv,
                            const AttentionCall& call) {
    const Heads heads = placed(parts_of(qkv, call.rule), call.rule);
    at::Tensor contexts = at::empty(heads.queries.sizes(), heads.queries.options());
    for (const RowSpan& text : call.texts) {
      const TextAttention one = attention_of(heads, text, call.rule);
      scatter(one.probabilities.bmm(one.heads.values), text, contexts);
    }
    context->save_for_backward({qkv});
    keep(context, call);
    return contexts.flatten(1);
  }

  static variable_list backward(torch::autograd::AutogradContext* context,
                                const variable_list& gradients) {
    const auto& call = kept<AttentionCall>(context);
    const HeadsRule& rule = call.rule;
    const at::Tensor qkv = context->get_saved_variables()[0];
    const Heads raw = parts_of(qkv, rule);
    const Heads heads = placed(raw, rule);
    const at::Tensor contexts = gradients[0].view(raw.queries.sizes());
    at::Tensor result = at::empty_like(qkv);
    const Heads to = parts_of(result, rule);
    for (const RowSpan& text : call.texts) {
      const TextAttention one = attention_of(heads, text, rule);
      const at::Tensor& p = one.probabilities;
      const at::Tensor dy = gathered(contexts, text, rule.key_value_heads);
      const at::Tensor dp = dy.bmm(one.heads.values.transpose(1, 2));
      at::Tensor ds = (dp - (dp * p).sum(-1, true)).mul_(p).mul_(rule.scale);
      if (one.slope.defined()) ds.mul_(one.slope);
      scatter(ds.bmm(one.heads.keys), text, to.queries);
      scatter(ds.transpose(1, 2).bmm(one.heads.queries), text, to.keys);
      scatter(p.transpose(1, 2).bmm(dy), text, to.values);
    }
    to.queries.copy_(placed_back(raw.queries, rule.query_norm, rule, to.queries));
    to.keys.copy_(placed_back(raw.keys, rule.key_norm, rule, to.keys));
    return {result, {}};
  }
};

}  // namespace

at::Tensor attend(const at::Tensor& qkv, const std::vector<RowSpan>& texts, const HeadsRule& rule) {
  return Attend::apply(qkv, AttentionCall{texts, rule});
}

}  // namespace dnd::lm::learn
