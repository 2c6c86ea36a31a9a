#include "nn/torch_decoder.h"

#include <ATen/ops/stack.h>

#include <utility>

#include "nn/autocast.h"
#include "nn/decoder_ends.h"

namespace dnd::nn {

TorchDecoder::TorchDecoder(const bundle::GeneratorConfig& config, formats::SafetensorsFile weights,
                           const at::Device& device)
    : model_(config),
      weights_(std::move(weights)),
      device_(device),
      values_(model_.read(weights_, "", device)) {}

at::Tensor TorchDecoder::forward(const std::vector<at::Tensor>& projected, ops::Precision precision,
                                 const OnDone& on_done) const {
  std::vector<at::Tensor> tokens;
  for (const at::Tensor& each : projected) {
    check_projected(model_.config(), each);
    const Autocast autocast(precision == ops::Precision::bf16, device_.type());
    const at::Tensor decoded = model_.decode(values_, each.unsqueeze(0).to(device_));
    tokens.push_back(decoded.select(0, 0).to(at::kCPU, at::kFloat));
    if (on_done) on_done(tokens.size(), projected.size());
  }
  return with_mean_tokens(model_.config(), weights_, at::stack(tokens));
}

}  // namespace dnd::nn
