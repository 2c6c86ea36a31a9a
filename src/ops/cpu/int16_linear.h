// A linear map with operands of 16-bit integers, whose products processors add faster than fp32.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace dnd::ops::cpu {

// y = x W^T of many rows, with x and W rounded to integers and summed exactly in 32 bits.
//
// A row of x, and one of W, is cut into pieces of at most 512 features. Each piece has a scale of
// its own: the largest for which no integer passes 32767 and the piece's 2-norm stays below 46300.
// By the inequality of Cauchy and Schwarz no sum of products then leaves 32 bits, whatever the
// values are. A value is off by at most 1/92600 of its piece's norm, or 1/65534 of its largest value
// where that binds: results have a relative RMS error of about 1.7e-4 for values of one size, where
// operands in bf16 have 2.4e-3.
//
// A row's result depends on that row alone; its sums are the same on every processor. Thread-safe.
class Int16Linear {
 public:
  // `weight` (out, in), contiguous fp32, at least (1, 1); not read later.
  explicit Int16Linear(const at::Tensor& weight);

  // x (rows, in) -> y (rows, out), contiguous: x W^T, + bias (out) and + other (rows, out) where they
  // are not null. `y` may be `other`. A row that holds NaN or infinity gives NaN.
  void operator()(const float* x, std::int64_t rows, const float* bias, const float* other,
                  float* y) const;

  std::int64_t out() const { return out_; }

 private:
  std::int64_t out_ = 0;
  std::int64_t in_ = 0;
  // int16 (blocks of outputs, pieces, pairs of features, outputs of a block, 2)
  at::Tensor weights_;
  at::Tensor scales_;  // (pieces, outputs rounded up to blocks): what one unit is worth
};

}  // namespace dnd::ops::cpu
