#include "nn/cuda_decoder.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/stack.h>

#include <utility>

#include "nn/decoder_ends.h"

namespace dnd::nn {
namespace {

std::span<const float> values_of(const at::Tensor& tensor) {
  return {tensor.const_data_ptr<float>(), static_cast<std::size_t>(tensor.numel())};
}

}  // namespace

CudaDecoder::CudaDecoder(bundle::GeneratorConfig config, const std::filesystem::path& weights,
                         int device, int conditions_at_once, std::uint64_t memory_bytes)
    : config_(std::move(config)),
      weights_(weights),
      decoder_(setup(device, conditions_at_once, memory_bytes)) {}

ops::cuda::DecoderSetup CudaDecoder::setup(int device, int conditions_at_once,
                                           std::uint64_t memory_bytes) {
  ops::cuda::DecoderSetup setup;
  setup.device = device;
  setup.kernel = static_cast<int>(config_.kernel);
  setup.conditions_at_once = conditions_at_once;
  setup.memory_bytes = memory_bytes;
  for (const bundle::Feature& f : config_.features) setup.features.push_back({f.n, f.h, f.w});
  setup.weights = [this](std::size_t layer, const std::string& name,
                         const std::vector<std::int64_t>& shape) {
    current_ = weights_.get(bundle::layer_prefix(layer) + name, shape);
    return current_.const_data_ptr<float>();
  };
  return setup;
}

at::Tensor CudaDecoder::forward(const std::vector<at::Tensor>& projected,
                                const ops::cuda::LoadedDecoder::OnLayer& on_layer) const {
  for (const at::Tensor& each : projected) check_projected(config_, each);
  const at::Tensor conditions =
      projected.size() == 1 ? projected[0].unsqueeze(0).contiguous() : at::stack(projected);
  const bundle::Feature& last = config_.features.back();
  at::Tensor tokens = at::empty({conditions.size(0), last.n, last.h, last.w}, at::kFloat);
  decoder_.run(values_of(conditions),
               {tokens.mutable_data_ptr<float>(), static_cast<std::size_t>(tokens.numel())},
               on_layer);
  return with_mean_tokens(config_, weights_, std::move(tokens));
}

}  // namespace dnd::nn
