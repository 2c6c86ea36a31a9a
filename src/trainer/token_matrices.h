// The matrices of an adapter out of weight tokens, differentiable: adapter/weight_codec.h for learning.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "adapter/adapter_layout.h"

namespace dnd::trainer {

// Tokens (B, T, R, S) -> the values of their chunks, scales applied (adapter/weight_codec.h), same
// shape; differentiable.
at::Tensor apply_scales(const at::Tensor& tokens);

// Scaled tokens (T, R, S) of one adapter -> of each of the layout's factors() its matrix (rank, size), B as
// the transpose of what PEFT stores. One differentiable step: its way back writes every gradient into one
// tensor, where a slice for each chunk would make as many tensors of the size of all tokens.
std::vector<at::Tensor> token_matrices(const std::vector<adapter::FactorLayout>& factors,
                                       std::int64_t rank, const at::Tensor& scaled);

}  // namespace dnd::trainer
