#include "nn/hyperconv_decoder.h"

#include <ATen/ops/add.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "bundle/channel_exponents.h"
#include "nn/decoder_ends.h"
#include "nn/norm.h"
#include "nn/projection.h"
#include "ops/blocks.h"
#include "ops/cpu/sum_paths.h"

namespace dnd::nn {
namespace {

using bundle::Feature;
using ops::Precision;
using ops::Range;
using ops::Workers;

// Images whose two paths are computed together. Their weights are few and used by many tiles, so that
// sharing them pays only where images are small.
std::int64_t images_at_once(const Feature& in, const Feature& out) {
  constexpr std::int64_t kValues = 8 << 20;
  const std::int64_t widest =
      std::max({in.n * in.h * in.w, in.n * in.h * out.w, in.n * out.h * in.w});
  return std::max<std::int64_t>(1, kValues / widest);
}

std::int64_t count_of(std::span<const at::Tensor> images) {
  return static_cast<std::int64_t>(images.size());
}

// Nobody else has the tensor or a view of its memory.
bool is_only_ours(const at::Tensor& tensor) {
  return tensor.use_count() == 1 && tensor.storage().use_count() == 1;
}

// Memory for images (B, N, H, W): that of a single image if it may be overwritten.
at::Tensor memory_for(std::span<const at::Tensor> images, bool may_overwrite) {
  const at::Tensor& first = images[0];
  if (may_overwrite && images.size() == 1 && is_only_ours(first) && first.is_contiguous()) {
    return first.unsqueeze(0);
  }
  std::vector<std::int64_t> shape = first.sizes().vec();
  shape.insert(shape.begin(), count_of(images));
  return at::empty(shape, first.options());
}

// Images (N, H, W) -> out (B, N, H, W), over (H, W) jointly.
void layer_norm(const Workers& workers, std::span<const at::Tensor> images, const Norm& norm,
                const at::Tensor& out) {
  for (std::int64_t b = 0; b < count_of(images); ++b) {
    const at::Tensor x = images[static_cast<std::size_t>(b)].contiguous();
    const at::Tensor to = out.select(0, b);
    ops::for_pieces(workers, x.size(0), [&](Range range) {
      norm(x.narrow(0, range.begin, range.size), to.narrow(0, range.begin, range.size));
    });
  }
}

// m = (m + tanh(second) + bias) / 3, of (B, N, H', W') and a bias (H', W'); all contiguous.
void sum_paths(const Workers& workers, const at::Tensor& m, const at::Tensor& second,
               const at::Tensor& bias) {
  const std::int64_t plane = bias.numel();
  const float* from = second.const_data_ptr<float>();
  float* to = m.mutable_data_ptr<float>();
  workers.run(m.size(0) * m.size(1), [&](std::int64_t i) {
    ops::cpu::sum_paths(from + i * plane, bias.const_data_ptr<float>(), plane, to + i * plane);
  });
}

}  // namespace

HyperConvDecoder::HyperConvDecoder(bundle::GeneratorConfig config, formats::SafetensorsFile weights)
    : config_(std::move(config)), weights_(std::move(weights)) {
  for (const bundle::ParameterSpec& parameter : bundle::decoder_parameters(config_)) {
    if (!weights_.has(parameter.name)) {
      fail(ErrorKind::data, "decoder: ", weights_.file().path().string(), ": tensor '",
           parameter.name, "' is missing");
    }
  }
  bundle::check_channel_exponents(config_, weights_.file());
}

at::Tensor HyperConvDecoder::project(const Workers& workers, const at::Tensor& condition,
                                     Precision precision) const {
  const bundle::ConditionConfig& expected = config_.condition;
  const std::vector<std::int64_t> shape = condition.sizes().vec();
  if (shape.size() != 3 || shape[0] < 1 || shape[1] != expected.max_length ||
      shape[2] != expected.width) {
    fail(ErrorKind::data, "decoder: condition ", shape_text(shape), ", the generator takes ",
         shape_text({expected.prompts, expected.max_length, expected.width}));
  }
  if (!expected.projection) return condition;
  const auto [from, to] = *expected.projection;
  const ProjectionWeights weights{
      weights_.get("down_proj.weight", {to, from}), weights_.get("down_proj.bias", {to}),
      weights_.get("gate_proj.weight", {to, to}), weights_.get("gate_proj.bias", {to})};
  return project_condition(workers, condition, weights, precision);
}

at::Tensor HyperConvDecoder::forward(const Workers& workers, std::vector<at::Tensor> images,
                                     Precision precision, const LayerObserver& observer) const {
  if (images.empty()) fail(ErrorKind::internal, "decoder: no conditions");
  for (const at::Tensor& image : images) check_projected(config_, image);
  const std::size_t last = config_.features.size() - 2;
  for (std::size_t i = 0; i < last; ++i) {
    images = layer(workers, i, std::move(images), precision, observer).unbind(0);
  }
  return with_mean_tokens(config_, weights_,
                          layer(workers, last, std::move(images), precision, observer));
}

at::Tensor HyperConvDecoder::layer(const Workers& workers, std::size_t index,
                                   std::vector<at::Tensor> images, Precision precision,
                                   const LayerObserver& observer) const {
  const Feature& in = config_.features[index];
  const Feature& out = config_.features[index + 1];
  const std::string p = bundle::layer_prefix(index) + "linear2.";
  const std::int64_t k = config_.kernel;
  const std::int64_t count = count_of(images);
  const std::int64_t at_once = std::min(count, images_at_once(in, out));
  at::Tensor m = at::empty({count, in.n, out.h, out.w}, images[0].options());
  for (std::int64_t begin = 0; begin < count; begin += at_once) {
    const Range range = ops::piece_of(count, at_once, begin / at_once);
    const auto some = std::span(images).subspan(static_cast<std::size_t>(range.begin),
                                                static_cast<std::size_t>(range.size));
    hidden(workers, index, some, precision, m.narrow(0, range.begin, range.size));
    // What only this layer needed may be the largest tensor of all.
    if (in != out) std::fill(some.begin(), some.end(), at::Tensor());
  }
  // linear2: channels N -> N', plane (H', W')
  at::Tensor y =
      ops::conv2d_same(workers, m, weights_.convolution(p + "weight", {out.n, in.n, k, k}),
                       weights_.get(p + "bias", {out.n}), precision);
  if (observer) observer(index, y);
  if (in != out) return y;
  for (std::int64_t b = 0; b < count; ++b) {
    y.select(0, b).add_(images[static_cast<std::size_t>(b)]);
  }
  return y;  // (B, N', H', W')
}

// m = (p1 + p2 + bias) / 3, (B, N, H', W'): both paths from the normalised input. The plane's axis
// order matters, because kernels are not symmetric; it follows the released module's transposes.
void HyperConvDecoder::hidden(const Workers& workers, std::size_t index,
                              std::span<const at::Tensor> images, Precision precision,
                              const at::Tensor& m) const {
  const Feature& in = config_.features[index];
  const Feature& out = config_.features[index + 1];
  const std::string p = bundle::layer_prefix(index) + "linear1.";
  const std::int64_t k = config_.kernel;
  const std::int64_t count = count_of(images);
  const auto options = m.options();
  // Only where sizes stay the images are needed again.
  const at::Tensor n = memory_for(images, in != out);  // (B, N, H, W)
  layer_norm(workers, images,
             {weights_.get(p + "norm.weight", {in.h, in.w}),
              weights_.get(p + "norm.bias", {in.h, in.w}), kDecoderNormEpsilon},
             n);
  const auto conv = [&](const at::Tensor& input, const char* name, const at::Tensor& output) {
    const std::vector<std::int64_t> shape = {output.size(1), input.size(1), k, k};
    ops::conv2d_same_out(workers, input, weights_.convolution(p + name, shape), std::nullopt,
                         precision, output);
  };
  // Each result lies in memory so that both its writer and its reader find their channels or their
  // columns contiguous.
  {
    const at::Tensor p1 = at::empty({count, in.h, in.n, out.w}, options);
    conv(n.permute({0, 3, 2, 1}), "conv1w.weight",
         p1.permute({0, 3, 1, 2}));                      // (W, H, N) -> (W', H, N)
    conv(p1, "conv1h.weight", m.permute({0, 2, 1, 3}));  // -> (H', N, W')
  }
  at::Tensor p2 = at::empty({count, out.h, in.n, in.w}, options);
  conv(n.permute({0, 2, 1, 3}), "conv2h.weight", p2);  // (H, N, W) -> (H', N, W)
  const at::Tensor second = at::empty({count, in.n, out.h, out.w}, options);
  conv(p2.permute({0, 3, 1, 2}), "conv2w.weight", second.permute({0, 3, 2, 1}));  // -> (W', H', N)
  sum_paths(workers, m, second, weights_.get(p + "bias", {out.h, out.w}));
}

}  // namespace dnd::nn
