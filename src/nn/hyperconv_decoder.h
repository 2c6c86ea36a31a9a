// The cascaded hyper-convolutional decoder: condition -> weight tokens.
//
// Source: Drag-and-Drop LLMs (arXiv 2506.16406, section 3.3) and its released module; where they
// differ, the module (docs/algorithm.md). For the CPU, by ops/conv2d_same.h; with LibTorch's own operations
// it is nn/decoder_model.h. Where the generator is `residual`, the mean tokens of its training adapters are
// added to the output.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <span>
#include <vector>

#include "bundle/generator_config.h"
#include "formats/safetensors.h"
#include "nn/weight_store.h"
#include "ops/conv2d_same.h"
#include "ops/workers.h"

namespace dnd::nn {

// Sees the outputs (B, N', H', W') of each layer as they are ready, before the residual is added: what
// the released layer module returns.
using LayerObserver = std::function<void(std::size_t layer, const at::Tensor& output)>;

// Thread-safe for concurrent reads; forward() uses all of `workers`.
class HyperConvDecoder {
 public:
  // `weights` is a decoder.safetensors that fits `config`. Tensors are checked when used: by the
  // first forward() at the latest, by name.
  HyperConvDecoder(bundle::GeneratorConfig config, formats::SafetensorsFile weights);

  // condition (N, L, C) fp32, of any number of prompts -> what the first layer takes: the projected
  // condition (N, L', C), or the condition itself where the generator has no projection. A prompt's rows
  // do not depend on the others. Throws Error(data) for another shape.
  at::Tensor project(const ops::Workers& workers, const at::Tensor& condition,
                     ops::Precision precision) const;

  // B projected conditions, at least one -> tokens (B, T, R, S) fp32. They share the work on the
  // weights; each one's bytes are those it has alone. A layer's activations are freed as soon as the
  // next has them; the large ones exist for a few conditions at a time. A condition that nobody else
  // refers to may be overwritten.
  at::Tensor forward(const ops::Workers& workers, std::vector<at::Tensor> projected,
                     ops::Precision precision, const LayerObserver& observer = {}) const;

 private:
  at::Tensor layer(const ops::Workers& workers, std::size_t index, std::vector<at::Tensor> images,
                   ops::Precision precision, const LayerObserver& observer) const;
  void hidden(const ops::Workers& workers, std::size_t index, std::span<const at::Tensor> images,
              ops::Precision precision, const at::Tensor& m) const;

  bundle::GeneratorConfig config_;
  WeightStore weights_;
};

}  // namespace dnd::nn
