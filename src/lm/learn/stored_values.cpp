#include "lm/learn/stored_values.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include <cstddef>
#include <cstdint>

namespace dnd::lm::learn {
namespace {

at::ScalarType scalar_type(Dtype dtype) {
  if (dtype == Dtype::bf16) return at::kBFloat16;
  return dtype == Dtype::f16 ? at::kHalf : at::kFloat;
}

bool is_aligned(const StoredWeight& weight) {
  const auto address = reinterpret_cast<std::uintptr_t>(weight.matrix.data);
  return address % static_cast<std::uintptr_t>(weight.matrix.value_bytes()) == 0;
}

}  // namespace

at::Tensor values_of(const StoredWeight& weight) {
  if (weight.memory.defined()) return weight.memory;
  if (!is_aligned(weight)) {
    at::Tensor values = at::empty({weight.out(), weight.in()}, at::kFloat);
    auto* to = values.mutable_data_ptr<float>();
    for (std::int64_t row = 0; row < weight.out(); ++row) {
      weight.copy_row(row, to + row * weight.in());
    }
    return values;
  }
  auto* const data = const_cast<std::byte*>(weight.matrix.data);  // only read
  return at::from_blob(data, {weight.out(), weight.in()}, scalar_type(weight.matrix.dtype))
      .to(at::kFloat);
}

}  // namespace dnd::lm::learn
