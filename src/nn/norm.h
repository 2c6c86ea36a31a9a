// Normalisation of the rows of a tensor.
#pragma once

#include <ATen/core/Tensor.h>

#include "ops/cpu/normalize_rows.h"

namespace dnd::nn {

// Weights of a layer norm, or of an RMS norm where `bias` is undefined.
struct Norm {
  at::Tensor weight;  // of as many values as a row has
  at::Tensor bias;
  double epsilon = 0.0;

  // Rows (n, ...) -> rows of the same shape, both contiguous; they may be the same.
  void operator()(const at::Tensor& from, const at::Tensor& to) const {
    const ops::cpu::RowNorm norm{weight.numel(), weight.const_data_ptr<float>(),
                                 bias.defined() ? bias.const_data_ptr<float>() : nullptr,
                                 static_cast<float>(epsilon)};
    ops::cpu::normalize_rows(norm, from.const_data_ptr<float>(), from.size(0),
                             to.mutable_data_ptr<float>());
  }
};

}  // namespace dnd::nn
