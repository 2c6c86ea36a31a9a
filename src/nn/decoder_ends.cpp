#include "nn/decoder_ends.h"

#include <ATen/ops/add.h>

#include <cstdint>
#include <vector>

#include "base/strings.h"

namespace dnd::nn {

void check_projected(const bundle::GeneratorConfig& config, const at::Tensor& projected) {
  const bundle::Feature& first = config.features.front();
  const std::vector<std::int64_t> expected = {first.n, first.h, first.w};
  if (projected.sizes().vec() == expected) return;
  fail(ErrorKind::data, "decoder: condition ", shape_text(projected.sizes().vec()),
       ", the first layer takes ", shape_text(expected));
}

at::Tensor with_mean_tokens(const bundle::GeneratorConfig& config, const WeightStore& weights,
                            at::Tensor tokens) {
  if (!config.residual) return tokens;
  const bundle::Feature& last = config.features.back();
  return tokens.add(weights.get(bundle::kMeanTokensName, {last.n, last.h, last.w}));
}

}  // namespace dnd::nn
