// A weight where it lies: the file's own bytes, mapped, or memory of its own.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

#include "formats/model_folder.h"
#include "ops/cpu/stored_linear.h"

namespace dnd::lm {

// The bytes live as long as `memory` or, where that is undefined, as the file stays open.
struct StoredWeight {
  ops::cpu::StoredMatrix matrix;  // (out, in)
  at::Tensor memory;              // fp32

  std::int64_t out() const { return matrix.out; }
  std::int64_t in() const { return matrix.in; }
  // Row `index` (in), as fp32.
  void copy_row(std::int64_t index, float* to) const;
};

// The tensor `name` (out, in): a view of the file where a kernel reads its type, else fp32 in memory.
// Throws Error(data).
StoredWeight stored_weight(const formats::ModelTensors& tensors, const std::string& name,
                           std::int64_t out, std::int64_t in);

// A contiguous fp32 tensor (out, in).
StoredWeight stored_weight(const at::Tensor& values);

// The tensor `name` of that shape as fp32. Throws Error(data).
at::Tensor read_tensor(const formats::ModelTensors& tensors, const std::string& name,
                       const std::vector<std::int64_t>& shape);

// Whether both hold the same numbers.
bool same_values(const StoredWeight& a, const StoredWeight& b);

}  // namespace dnd::lm
