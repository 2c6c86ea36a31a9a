// The decoder by LibTorch's own operations on any of its devices: what the kernels are judged by on
// a GPU, and what is there in fp32 and in bf16 as released. Slow beside them.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <vector>

#include "bundle/generator_config.h"
#include "nn/decoder_model.h"
#include "nn/weight_store.h"
#include "ops/precision.h"

namespace dnd::nn {

class TorchDecoder {
 public:
  // `weights` is a decoder.safetensors that fits `config`; it is copied to the device. Throws
  // Error(data) for one that does not fit, and what LibTorch throws where the device's memory is
  // too small.
  TorchDecoder(const bundle::GeneratorConfig& config, formats::SafetensorsFile weights,
               const at::Device& device);

  // B projected conditions (N, L', C) fp32, at least one -> tokens (B, T, R, S) fp32 on the CPU,
  // one after another, so that a condition's tokens do not depend on the others. `bf16` is
  // LibTorch's autocast. `on_done` is told how many of how many conditions are decoded.
  using OnDone = std::function<void(std::size_t done, std::size_t all)>;
  at::Tensor forward(const std::vector<at::Tensor>& projected, ops::Precision precision,
                     const OnDone& on_done) const;

 private:
  DecoderModel model_;
  WeightStore weights_;
  at::Device device_;
  Tensors values_;
};

}  // namespace dnd::nn
