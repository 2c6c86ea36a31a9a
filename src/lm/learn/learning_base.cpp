#include "lm/learn/learning_base.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/tensor.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <utility>

#include "lm/learn/gate.h"
#include "lm/learn/norm.h"
#include "lm/learn/recompute.h"
#include "lm/rows.h"

namespace dnd::lm::learn {
namespace {

// Rows whose activations are kept: of SmolLM2-135M's they take a gigabyte.
constexpr std::int64_t kKeptRows = 1024;

}  // namespace

LearningBase::LearningBase(const Weights& weights, const ModelConfig& config)
    : weights_(weights), config_(config) {}

// Of a rope with frequencies for longer texts these follow behind the others.
void LearningBase::reserve(std::int64_t length) {
  length_ = length;
  tables_.clear();
  for (const Rope& rope : config_.ropes) {
    const bool two = !rope.long_frequencies.empty() && length > rope.short_length;
    std::vector<RotaryTable> kinds = {{rope.frequencies, rope.scale, length}};
    if (two) kinds.emplace_back(rope.long_frequencies, rope.scale, length);
    const auto count = static_cast<std::int64_t>(rope.frequencies.size());
    const std::int64_t rows = two ? 2 * length : length;
    const Tables tables = {at::empty({rows, count}, at::kFloat),
                           at::empty({rows, count}, at::kFloat)};
    auto* cosines = tables.cosines.mutable_data_ptr<float>();
    auto* sines = tables.sines.mutable_data_ptr<float>();
    for (const RotaryTable& kind : kinds) {
      cosines = std::copy(kind.cosines().begin(), kind.cosines().end(), cosines);
      sines = std::copy(kind.sines().begin(), kind.sines().end(), sines);
    }
    tables_.push_back(tables);
  }
}

LearningBase::Pass LearningBase::pass_of(const PassLayout& layout,
                                         std::span<const TaskAdapter* const> adapters) const {
  Pass pass = {layout, {}, {}};
  for (const TaskRows& run : layout.tasks) {
    pass.adapters.push_back(adapters.empty() ? nullptr : adapters[run.task]);
  }
  for (std::size_t i = 0; i < tables_.size(); ++i) {
    std::vector<std::int64_t> rows;
    for (const RowSpan& text : layout.texts) {
      const std::int64_t first = text.count > config_.ropes[i].short_length ? length_ : 0;
      for (std::int64_t position = 0; position < text.count; ++position) {
        rows.push_back(first + position);
      }
    }
    const at::Tensor index = at::tensor(rows, at::kLong);
    pass.tables.push_back({at::index_select(tables_[i].cosines, 0, index).unsqueeze(1),
                           at::index_select(tables_[i].sines, 0, index).unsqueeze(1)});
  }
  return pass;
}

at::Tensor LearningBase::embed(std::span<const Lesson> lessons) const {
  std::int64_t rows = 0;
  for (const Lesson& lesson : lessons) rows += static_cast<std::int64_t>(lesson.ids.size());
  at::Tensor x = at::empty({rows, config_.hidden}, at::kFloat);
  auto* to = x.mutable_data_ptr<float>();
  for (const Lesson& lesson : lessons) {
    for (const std::int32_t id : lesson.ids) {
      weights_.embedding.copy_row(id, to);
      to += config_.hidden;
    }
  }
  return config_.embedding_scale == 1.0 ? x : x.mul_(config_.embedding_scale);
}

HeadsRule LearningBase::heads_rule(std::int64_t index, const Pass& pass) const {
  const LayerWeights& weights = weights_.layers[static_cast<std::size_t>(index)];
  const LayerAttention& attention = config_.attention[static_cast<std::size_t>(index)];
  HeadsRule rule;
  rule.heads = config_.heads;
  rule.key_value_heads = config_.key_value_heads;
  rule.head_size = config_.head_size;
  if (config_.head_norms) {
    rule.query_norm = weights.query_norm;
    rule.key_norm = weights.key_norm;
    rule.epsilon = config_.epsilon;
  }
  if (attention.rope) {
    rule.cosines = pass.tables[*attention.rope].cosines;
    rule.sines = pass.tables[*attention.rope].sines;
  }
  rule.scale = config_.attention_scale;
  rule.softcap = config_.attention_softcap;
  rule.window = attention.window;
  return rule;
}

at::Tensor LearningBase::linear(std::int64_t index, Place place, const at::Tensor& x,
                                const Pass& pass) const {
  const LayerWeights& layer = weights_.layers[static_cast<std::size_t>(index)];
  const Linear* const linears[kPlaces] = {&layer.qkv, &layer.out, &layer.gate_up, &layer.down};
  const auto which = static_cast<std::int64_t>(place);
  const auto number = static_cast<std::size_t>(index * kPlaces + which);
  std::vector<const LinearAdapter*> adapters;
  for (const TaskAdapter* adapter : pass.adapters) {
    adapters.push_back(adapter == nullptr ? nullptr : &adapter->at(number));
  }
  return adapted_linear(x, *linears[which], pass.layout.tasks, adapters);
}

at::Tensor LearningBase::run_layer(std::int64_t index, const at::Tensor& x,
                                   const Pass& pass) const {
  const LayerWeights& layer = weights_.layers[static_cast<std::size_t>(index)];
  const auto normed = [&](const at::Tensor& rows, const at::Tensor& weight) {
    return weight.defined() ? rms_norm(rows, {weight, config_.epsilon}) : rows;
  };
  const at::Tensor qkv = linear(index, Place::qkv, normed(x, layer.attention_norm), pass);
  const at::Tensor contexts = attend(qkv, pass.layout.texts, heads_rule(index, pass));
  const at::Tensor attended =
      x + normed(linear(index, Place::out, contexts, pass), layer.attention_out_norm);
  const at::Tensor gate_up = linear(index, Place::gate_up, normed(attended, layer.mlp_norm), pass);
  const at::Tensor inner = gated(gate_up, config_.activation);
  return attended + normed(linear(index, Place::down, inner, pass), layer.mlp_out_norm);
}

// The layer's matrices are handed in one by one, for what stands in their place on the way back.
at::Tensor LearningBase::run_layer_again(std::int64_t index, const at::Tensor& x,
                                         const Pass& pass) const {
  const auto begin = static_cast<std::ptrdiff_t>(index * kPlaces);
  std::vector<TaskAdapter> own;  // of each run, the layer's part
  std::vector<at::Tensor> matrices;
  for (const TaskAdapter* adapter : pass.adapters) {
    TaskAdapter part;
    if (adapter != nullptr) {
      part.assign(adapter->begin() + begin, adapter->begin() + begin + kPlaces);
    }
    for (const at::Tensor& matrix : matrices_of(part)) matrices.push_back(matrix);
    own.push_back(std::move(part));
  }
  const auto run = [this, index, pass, own](const at::Tensor& states,
                                            const std::vector<at::Tensor>& with) {
    std::vector<TaskAdapter> replaced;
    auto next = with.begin();
    for (const TaskAdapter& part : own) {
      const auto end = next + static_cast<std::ptrdiff_t>(matrices_of(part).size());
      TaskAdapter whole(static_cast<std::size_t>((index + 1) * kPlaces));
      const TaskAdapter layer = with_matrices(part, {next, end});
      std::copy(layer.begin(), layer.end(),
                whole.end() - static_cast<std::ptrdiff_t>(layer.size()));
      replaced.push_back(std::move(whole));
      next = end;
    }
    Pass again = pass;
    for (std::size_t i = 0; i < replaced.size(); ++i) again.adapters[i] = &replaced[i];
    return run_layer(index, states, again);
  };
  return recomputed(x, matrices, run);
}

at::Tensor LearningBase::run_layers(std::int64_t first, std::int64_t end, const at::Tensor& states,
                                    const PassLayout& layout,
                                    std::span<const TaskAdapter* const> adapters) const {
  const Pass pass = pass_of(layout, adapters);
  const bool again = layout.rows > kKeptRows && c10::GradMode::is_enabled();
  at::Tensor x = states;
  for (std::int64_t i = first; i < end; ++i) {
    x = again ? run_layer_again(i, x, pass) : run_layer(i, x, pass);
  }
  return x;
}

// Only the rows whose next token is learned go through the head.
AnswerLosses LearningBase::losses(const at::Tensor& states, const PassLayout& layout) const {
  const at::Tensor rows = at::index_select(states, 0, at::tensor(layout.predicting, at::kLong));
  return answer_losses(rms_norm(rows, {weights_.norm, config_.epsilon}), weights_.head.weight(0),
                       layout, config_.logit_softcap);
}

}  // namespace dnd::lm::learn
