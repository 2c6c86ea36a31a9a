// A linear map of many rows whose weight is laid out once for the fastest matrix product there is.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>

#include "ops/cpu/int16_linear.h"

namespace dnd::ops::cpu {

// What is applied to each result.
enum class Activation { none, relu, gelu, gelu_tanh };

// y = f(x W^T + b), on the calling thread. A row's result depends on the row and on the number of
// rows alone. Thread-safe.
class PackedLinear {
 public:
  enum class Backend {
    onednn,  // fp32, the weight in oneDNN's order; `aten` where LibTorch has no oneDNN
    aten,    // fp32
    int16,   // x and W rounded to 16-bit integers (Int16Linear)
  };

  PackedLinear() = default;
  // `weight` (out, in), `bias` (out) or undefined; both fp32. The weight is copied.
  explicit PackedLinear(const at::Tensor& weight, at::Tensor bias = {},
                        Backend backend = Backend::onednn);

  // (n, in), contiguous -> (n, out)
  at::Tensor operator()(const at::Tensor& x, Activation activation = Activation::none) const;
  // x W^T + b + other; `other` (n, out), contiguous.
  at::Tensor add(const at::Tensor& x, const at::Tensor& other) const;
  // (x W^T + b) * other
  at::Tensor multiply(const at::Tensor& x, const at::Tensor& other) const;

 private:
  at::Tensor multiply_integers(const at::Tensor& x, const at::Tensor& other) const;

  at::Tensor weight_;  // in oneDNN's order where packed_; undefined where integers_
  at::Tensor bias_;
  std::optional<Int16Linear> integers_;
  bool packed_ = false;
};

}  // namespace dnd::ops::cpu
