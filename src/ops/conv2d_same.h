// 2-D convolution with stride 1 and `same` padding: the decoder's one heavy operation.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <vector>

#include "ops/precision.h"
#include "ops/workers.h"

namespace dnd::ops {

// A weight (Cout, Cin, k, k) as it lies in a file, contiguous: fp32, or fp16 with a power of two for
// each output channel to multiply it by.
struct ConvWeights {
  at::Tensor values;
  std::vector<float> scales = {};  // (Cout), of fp16 only; empty: ones
};

// Cross-correlation as in PyTorch: x (B, Cin, H, W), weights (Cout, Cin, k, k) with k odd, bias (Cout)
// -> out (B, Cout, H, W). fp32; fp16 weights count as the fp32 numbers they are. bias is contiguous. x
// and out are views of any strides: where their channels (second) or columns (last) are contiguous
// nothing is copied. The images of a batch share the work on the weights; the bytes of an image's
// result do not depend on the others. Shapes are checked: a mismatch is Error(internal).
void conv2d_same_out(const Workers& workers, const at::Tensor& x, const ConvWeights& weights,
                     const std::optional<at::Tensor>& bias, Precision precision,
                     const at::Tensor& out);

// The same into a new contiguous tensor.
at::Tensor conv2d_same(const Workers& workers, const at::Tensor& x, const ConvWeights& weights,
                       const std::optional<at::Tensor>& bias, Precision precision);

}  // namespace dnd::ops
