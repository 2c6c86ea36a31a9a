#include "lm/linear.h"

#include <ATen/ops/addmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <numeric>
#include <utility>

namespace dnd::lm {
namespace {

void read(const formats::ModelTensors& tensors, const formats::ModelTensor& tensor, float* target) {
  tensors.read_f32(tensor, {target, static_cast<std::size_t>(tensor.elements())});
}

// The rank of all pairs together.
std::int64_t rank_of(const std::vector<const adapter::LoraPair*>& pairs) {
  return std::accumulate(pairs.begin(), pairs.end(), std::int64_t{0},
                         [](std::int64_t sum, const adapter::LoraPair* pair) {
                           return sum + (pair == nullptr ? 0 : pair->rank);
                         });
}

// (out, rank) -> scaled, transposed into `target` of `stride` values a row.
void copy_scaled(const adapter::LoraPair& pair, float* target, std::int64_t stride) {
  for (std::int64_t o = 0; o < pair.out; ++o) {
    for (std::int64_t r = 0; r < pair.rank; ++r) {
      const auto value = static_cast<double>(pair.b[static_cast<std::size_t>(o * pair.rank + r)]);
      target[r * stride + o] = static_cast<float>(pair.scale * value);
    }
  }
}

}  // namespace

at::Tensor read_tensor(const formats::ModelTensors& tensors, const std::string& name,
                       const std::vector<std::int64_t>& shape) {
  const formats::ModelTensor& stored = tensors.at(name, shape);
  at::Tensor tensor = at::empty(shape, at::kFloat);
  read(tensors, stored, tensor.mutable_data_ptr<float>());
  return tensor;
}

Linear::Linear(const formats::ModelTensors& tensors, std::vector<LinearPart> parts, std::int64_t in)
    : parts_(std::move(parts)), in_(in) {
  std::int64_t out = 0;
  bool any_bias = false;
  for (const LinearPart& part : parts_) {
    tensors.at(part.module + ".weight", {part.out, in});  // before anything of that size is made
    out += part.out;
    any_bias = any_bias || part.bias;
  }
  at::Tensor weight = at::empty({out, in}, at::kFloat);
  if (any_bias) bias_ = at::zeros({out}, at::kFloat);
  std::int64_t begin = 0;
  for (const LinearPart& part : parts_) {
    read(tensors, tensors.at(part.module + ".weight", {part.out, in}),
         weight.mutable_data_ptr<float>() + begin * in);
    if (part.bias) {
      read(tensors, tensors.at(part.module + ".bias", {part.out}),
           bias_.mutable_data_ptr<float>() + begin);
    }
    begin += part.out;
  }
  weight_ = weight.t();
}

Linear::Linear(const std::string& module, const at::Tensor& weight)
    : parts_({{module, weight.size(0)}}), in_(weight.size(1)), weight_(weight.t()) {}

at::Tensor Linear::operator()(const at::Tensor& x) const {
  at::Tensor sum = bias_.defined() ? at::addmm(bias_, x, weight_) : at::mm(x, weight_);
  add_update(sum, x);
  return sum;
}

void Linear::add_to(at::Tensor& sum, const at::Tensor& x) const {
  if (bias_.defined()) sum.add_(bias_);
  sum.addmm_(x, weight_);
  add_update(sum, x);
}

void Linear::add_update(at::Tensor& sum, const at::Tensor& x) const {
  if (low_rank_.defined()) sum.addmm_(at::mm(x, low_rank_), high_rank_);
}

void Linear::adapt(const std::vector<const adapter::LoraPair*>& pairs) {
  low_rank_ = high_rank_ = at::Tensor();
  const std::int64_t rank = rank_of(pairs);
  if (rank == 0) return;
  const std::int64_t out = weight_.size(1);
  at::Tensor a = at::empty({rank, in_}, at::kFloat);
  at::Tensor b = at::zeros({rank, out}, at::kFloat);  // parts do not see each other's A
  std::int64_t row = 0;
  std::int64_t column = 0;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    if (const adapter::LoraPair* pair = pairs[i]; pair != nullptr) {
      std::copy(pair->a.begin(), pair->a.end(), a.mutable_data_ptr<float>() + row * in_);
      copy_scaled(*pair, b.mutable_data_ptr<float>() + row * out + column, out);
      row += pair->rank;
    }
    column += parts_[i].out;
  }
  low_rank_ = a.t();
  high_rank_ = b;
}

}  // namespace dnd::lm
