// What decoders have in common, on whatever device.
#pragma once

#include <ATen/core/Tensor.h>

#include "bundle/generator_config.h"
#include "nn/weight_store.h"

namespace dnd::nn {

// Of every layer's norm.
constexpr double kDecoderNormEpsilon = 1e-5;

// Throws Error(data) unless the first layer takes this projected condition (N, L', C).
void check_projected(const bundle::GeneratorConfig& config, const at::Tensor& projected);

// Tokens (..., T, R, S); of a `residual` generator they are copied and the mean tokens of its training
// adapters added.
at::Tensor with_mean_tokens(const bundle::GeneratorConfig& config, const WeightStore& weights,
                            at::Tensor tokens);

}  // namespace dnd::nn
