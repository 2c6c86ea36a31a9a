// The decoder on a CUDA device (libdnd_cuda.so): operands of the products are fp16, sums fp32.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <vector>

#include "bundle/generator_config.h"
#include "nn/weight_store.h"
#include "ops/cuda/library.h"

namespace dnd::nn {

class CudaDecoder {
 public:
  // `weights` is a decoder.safetensors that fits `config`; the numbers are as in DecoderSetup.
  // Throws Error(data) for weights that do not fit, Error(memory), Error(unavailable).
  CudaDecoder(bundle::GeneratorConfig config, const std::filesystem::path& weights, int device,
              int conditions_at_once, std::uint64_t memory_bytes);
  CudaDecoder(const CudaDecoder&) = delete;
  CudaDecoder& operator=(const CudaDecoder&) = delete;

  // B projected conditions (N, L', C) fp32, at least one -> tokens (B, T, R, S) fp32.
  at::Tensor forward(const std::vector<at::Tensor>& projected,
                     const ops::cuda::LoadedDecoder::OnLayer& on_layer) const;

 private:
  ops::cuda::DecoderSetup setup(int device, int conditions_at_once, std::uint64_t memory_bytes);

  bundle::GeneratorConfig config_;
  WeightStore weights_;
  at::Tensor current_;  // what the device is reading
  mutable ops::cuda::LoadedDecoder decoder_;
};

}  // namespace dnd::nn
