// Operand precision of the decoder's matrix products and convolutions.
#pragma once

#include <ATen/core/Tensor.h>

namespace dnd::ops {

// Accumulation and results are fp32 either way.
enum class Precision {
  exact,  // fp32 operands
  bf16,   // operands rounded to bf16, as under the released autocast (which also rounds results)
};

// `x` as an operand of that precision, still stored as fp32.
inline at::Tensor round_operand(const at::Tensor& x, Precision precision) {
  return precision == Precision::exact ? x : x.to(at::kBFloat16).to(at::kFloat);
}

}  // namespace dnd::ops
