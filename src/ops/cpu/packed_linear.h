// A linear map of many rows whose weight is laid out once for the fastest matrix product there is.
#pragma once

#include <ATen/core/Tensor.h>

namespace dnd::ops::cpu {

// What is applied to each result.
enum class Activation { none, relu, gelu, gelu_tanh };

// y = f(x W^T + b) in fp32, on the calling thread. With oneDNN in LibTorch (every official x86
// build) the weight is kept in oneDNN's order and f is part of the product; without it ATen does
// both. A row's result depends on the row and on the number of rows alone. Thread-safe.
class PackedLinear {
 public:
  enum class Backend { best, aten };

  PackedLinear() = default;
  // `weight` (out, in), `bias` (out) or undefined; both fp32. The weight is copied.
  explicit PackedLinear(const at::Tensor& weight, at::Tensor bias = {},
                        Backend backend = Backend::best);

  // (n, in), contiguous -> (n, out)
  at::Tensor operator()(const at::Tensor& x, Activation activation = Activation::none) const;
  // x W^T + b + other; `other` (n, out), contiguous.
  at::Tensor add(const at::Tensor& x, const at::Tensor& other) const;
  // (x W^T + b) * other
  at::Tensor multiply(const at::Tensor& x, const at::Tensor& other) const;

 private:
  at::Tensor weight_;  // in oneDNN's order where packed_
  at::Tensor bias_;
  bool packed_ = false;
};

}  // namespace dnd::ops::cpu
