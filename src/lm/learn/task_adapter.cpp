#include "lm/learn/task_adapter.h"

#include <ATen/ops/empty.h>

#include <algorithm>

#include "base/strings.h"
#include "lm/attach_adapter.h"

namespace dnd::lm::learn {
namespace {

using adapter::LoraPair;

at::Tensor matrix_of(const std::vector<float>& values, std::int64_t rows, std::int64_t columns) {
  at::Tensor matrix = at::empty({rows, columns}, at::kFloat);
  std::copy(values.begin(), values.end(), matrix.mutable_data_ptr<float>());
  return matrix;
}

LinearAdapter linear_adapter(const std::vector<const LoraPair*>& pairs, std::int64_t in) {
  LinearAdapter adapter;
  std::vector<float> a;
  for (const LoraPair* pair : pairs) {
    if (pair != nullptr) a.insert(a.end(), pair->a.begin(), pair->a.end());
  }
  if (a.empty()) return adapter;
  adapter.a = matrix_of(a, static_cast<std::int64_t>(a.size()) / in, in);
  for (const LoraPair* pair : pairs) {
    adapter.b.push_back(pair == nullptr ? at::Tensor() : matrix_of(pair->b, pair->out, pair->rank));
    adapter.scales.push_back(pair == nullptr ? 1.0 : pair->scale);
  }
  return adapter;
}

void copy_values(const at::Tensor& from, std::vector<float>& to) {
  const at::Tensor values = from.detach().contiguous();
  const auto* begin = values.const_data_ptr<float>();
  to.assign(begin, begin + values.numel());
}

}  // namespace

TaskAdapter learnable(const std::vector<Linear*>& layers, const adapter::LoraAdapter& adapter) {
  const PlacedPairs pairs = place_pairs(layers, adapter);
  if (pairs.back()[0] != nullptr) {
    fail(ErrorKind::data, "adapter: '", printable(pairs.back()[0]->key),
         "': the output head is not learned here");
  }
  TaskAdapter result;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    result.push_back(linear_adapter(pairs[i], layers[i]->in()));
  }
  return result;
}

void write_back(const std::vector<Linear*>& layers, const TaskAdapter& from,
                adapter::LoraAdapter& to) {
  const PlacedPairs pairs = place_pairs(layers, to);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    std::int64_t row = 0;
    for (std::size_t part = 0; part < pairs[i].size(); ++part) {
      if (pairs[i][part] == nullptr) continue;
      const auto index = static_cast<std::size_t>(pairs[i][part] - to.pairs.data());
      LoraPair& pair = to.pairs[index];
      copy_values(from[i].a.narrow(0, row, pair.rank), pair.a);
      copy_values(from[i].b[part], pair.b);
      row += pair.rank;
    }
  }
}

std::vector<at::Tensor> matrices_of(const TaskAdapter& adapter) {
  std::vector<at::Tensor> matrices;
  for (const LinearAdapter& linear : adapter) {
    if (!linear.a.defined()) continue;
    matrices.push_back(linear.a);
    for (const at::Tensor& b : linear.b) {
      if (b.defined()) matrices.push_back(b);
    }
  }
  return matrices;
}

TaskAdapter with_matrices(const TaskAdapter& adapter, const std::vector<at::Tensor>& matrices) {
  TaskAdapter result = adapter;
  std::size_t next = 0;
  for (LinearAdapter& linear : result) {
    if (!linear.a.defined()) continue;
    linear.a = matrices.at(next++);
    for (at::Tensor& b : linear.b) {
      if (b.defined()) b = matrices.at(next++);
    }
  }
  return result;
}

}  // namespace dnd::lm::learn
