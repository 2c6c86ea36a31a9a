// The cascaded hyper-convolutional decoder: condition -> weight tokens.
//
// Source: Drag-and-Drop LLMs (arXiv 2506.16406, section 3.3) and its released module; where they
// differ, the module (docs/architecture.md). Reference path: compositions of ATen calls. Where the
// generator is `residual`, the mean tokens of its training adapters are added to the output.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <functional>

#include "bundle/generator_config.h"
#include "nn/weight_store.h"
#include "ops/conv2d_same.h"
#include "ops/workers.h"

namespace dnd::nn {

// Sees the output (N', H', W') of each layer as it is ready, before the residual is added: what the
// released layer module returns.
using LayerObserver = std::function<void(std::size_t layer, const at::Tensor& output)>;

// Thread-safe for concurrent reads; forward() uses all of `workers`.
class HyperConvDecoder {
 public:
  // `weights` is a decoder.safetensors that fits `config`. Tensors are checked when used: by the
  // first forward() at the latest, by name.
  HyperConvDecoder(bundle::GeneratorConfig config, const std::filesystem::path& weights);

  // condition (N, L, C) fp32 -> tokens (T, R, S) fp32. Each layer's activations are freed as soon
  // as the next has them. Throws Error(data) if the condition has another shape.
  at::Tensor forward(const ops::Workers& workers, at::Tensor condition, ops::Precision precision,
                     const LayerObserver& observer = {}) const;

 private:
  at::Tensor project(const ops::Workers& workers, const at::Tensor& condition,
                     ops::Precision precision) const;
  at::Tensor layer(const ops::Workers& workers, std::size_t index, const at::Tensor& x,
                   ops::Precision precision, const LayerObserver& observer) const;
  at::Tensor hidden(const ops::Workers& workers, std::size_t index, const at::Tensor& x,
                    ops::Precision precision) const;

  bundle::GeneratorConfig config_;
  WeightStore weights_;
};

}  // namespace dnd::nn
