#include "lm/stored_weight.h"

#include <ATen/ops/empty.h>

#include <cstring>
#include <vector>

namespace dnd::lm {
namespace {

using ops::cpu::StoredMatrix;

bool is_read_by_kernels(Dtype dtype) {
  return dtype == Dtype::f32 || dtype == Dtype::bf16 || dtype == Dtype::f16;
}

std::size_t row_bytes(const StoredMatrix& matrix) {
  return static_cast<std::size_t>(matrix.in * matrix.value_bytes());
}

}  // namespace

void StoredWeight::copy_row(std::int64_t index, float* to) const {
  const std::size_t bytes = row_bytes(matrix);
  to_f32(matrix.dtype, {matrix.data + static_cast<std::size_t>(index) * bytes, bytes},
         {to, static_cast<std::size_t>(matrix.in)});
}

StoredWeight stored_weight(const formats::ModelTensors& tensors, const std::string& name,
                           std::int64_t out, std::int64_t in) {
  const formats::ModelTensor& tensor = tensors.at(name, {out, in});
  if (tensor.dtype && is_read_by_kernels(*tensor.dtype)) {
    return {{tensor.bytes.data(), *tensor.dtype, out, in}, {}};
  }
  return stored_weight(read_tensor(tensors, name, {out, in}));
}

StoredWeight stored_weight(const at::Tensor& values) {
  const auto* bytes = reinterpret_cast<const std::byte*>(values.const_data_ptr<float>());
  return {{bytes, Dtype::f32, values.size(0), values.size(1)}, values};
}

at::Tensor read_tensor(const formats::ModelTensors& tensors, const std::string& name,
                       const std::vector<std::int64_t>& shape) {
  const formats::ModelTensor& stored = tensors.at(name, shape);
  at::Tensor tensor = at::empty(shape, at::kFloat);
  tensors.read_f32(stored,
                   {tensor.mutable_data_ptr<float>(), static_cast<std::size_t>(tensor.numel())});
  return tensor;
}

bool same_values(const StoredWeight& a, const StoredWeight& b) {
  if (a.out() != b.out() || a.in() != b.in()) return false;
  if (a.matrix.dtype == b.matrix.dtype) {
    const std::size_t bytes = static_cast<std::size_t>(a.out()) * row_bytes(a.matrix);
    if (std::memcmp(a.matrix.data, b.matrix.data, bytes) == 0) return true;
  }
  std::vector<float> first(static_cast<std::size_t>(a.in()));
  std::vector<float> second(first.size());
  for (std::int64_t row = 0; row < a.out(); ++row) {
    a.copy_row(row, first.data());
    b.copy_row(row, second.data());
    if (first != second) return false;
  }
  return true;
}

}  // namespace dnd::lm
