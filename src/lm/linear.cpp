#include "lm/linear.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <numeric>
#include <utility>

namespace dnd::lm {
namespace {

using ops::cpu::StoredProduct;

// The rank of all pairs together.
std::int64_t rank_of(const std::vector<const adapter::LoraPair*>& pairs) {
  return std::accumulate(pairs.begin(), pairs.end(), std::int64_t{0},
                         [](std::int64_t sum, const adapter::LoraPair* pair) {
                           return sum + (pair == nullptr ? 0 : pair->rank);
                         });
}

// scale B (out, rank)
at::Tensor scaled(const adapter::LoraPair& pair) {
  at::Tensor b = at::empty({pair.out, pair.rank}, at::kFloat);
  std::transform(pair.b.begin(), pair.b.end(), b.mutable_data_ptr<float>(), [&](float value) {
    return static_cast<float>(pair.scale * static_cast<double>(value));
  });
  return b;
}

}  // namespace

Linear::Linear(const formats::ModelTensors& tensors, std::vector<LinearPart> parts, std::int64_t in)
    : parts_(std::move(parts)), in_(in) {
  bool any_bias = false;
  for (const LinearPart& part : parts_) {
    weights_.push_back(stored_weight(tensors, part.module + ".weight", part.out, in));
    out_ += part.out;
    any_bias = any_bias || part.bias;
  }
  if (!any_bias) return;
  bias_ = at::zeros({out_}, at::kFloat);
  float* bias = bias_.mutable_data_ptr<float>();
  for (const LinearPart& part : parts_) {
    if (part.bias) {
      const at::Tensor values = read_tensor(tensors, part.module + ".bias", {part.out});
      std::copy_n(values.const_data_ptr<float>(), part.out, bias);
    }
    bias += part.out;
  }
}

Linear::Linear(const std::string& module, StoredWeight weight)
    : parts_({{module, weight.out()}}), in_(weight.in()), out_(weight.out()) {
  weights_.push_back(std::move(weight));
}

at::Tensor Linear::operator()(const ops::Workers& workers, const at::Tensor& x) const {
  at::Tensor sum = at::empty({x.size(0), out_}, at::kFloat);
  if (bias_.defined()) {
    sum.copy_(bias_.expand_as(sum));
  } else {
    sum.zero_();
  }
  add_products(workers, sum, x);
  return sum;
}

void Linear::add_to(const ops::Workers& workers, at::Tensor& sum, const at::Tensor& x) const {
  if (bias_.defined()) sum.add_(bias_);
  add_products(workers, sum, x);
}

void Linear::add_products(const ops::Workers& workers, at::Tensor& sum, const at::Tensor& x) const {
  const std::int64_t rows = x.size(0);
  const auto* input = x.const_data_ptr<float>();
  auto* output = sum.mutable_data_ptr<float>();
  std::vector<StoredProduct> products;
  float* part = output;
  for (const StoredWeight& weight : weights_) {
    products.push_back({weight.matrix, input, x.stride(0), part, out_});
    part += weight.out();
  }
  at::Tensor low;  // x A' (n, ranks)
  if (a_.memory.defined()) {
    low = at::zeros({rows, a_.out()}, at::kFloat);
    products.push_back({a_.matrix, input, x.stride(0), low.mutable_data_ptr<float>(), a_.out()});
  }
  ops::cpu::add_products(workers, products, rows);
  if (!low.defined()) return;
  products.clear();
  for (const Update& update : updates_) {
    products.push_back({update.b.matrix, low.const_data_ptr<float>() + update.rank_begin, a_.out(),
                        output + update.out_begin, out_});
  }
  ops::cpu::add_products(workers, products, rows);
}

void Linear::adapt(const std::vector<const adapter::LoraPair*>& pairs) {
  a_ = {};
  updates_.clear();
  const std::int64_t rank = rank_of(pairs);
  if (rank == 0) return;
  at::Tensor a = at::empty({rank, in_}, at::kFloat);
  std::int64_t row = 0;
  std::int64_t column = 0;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    if (const adapter::LoraPair* pair = pairs[i]; pair != nullptr) {
      std::copy(pair->a.begin(), pair->a.end(), a.mutable_data_ptr<float>() + row * in_);
      updates_.push_back({row, column, stored_weight(scaled(*pair))});
      row += pair->rank;
    }
    column += parts_[i].out;
  }
  a_ = stored_weight(a);
}

}  // namespace dnd::lm
