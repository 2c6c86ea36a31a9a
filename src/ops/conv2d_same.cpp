#include "ops/conv2d_same.h"

#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include <algorithm>
#include <vector>

#include "base/strings.h"
#include "ops/blocks.h"
#include "ops/cpu/fft_convolution.h"
#include "ops/pieces.h"

namespace dnd::ops {
namespace {

// How the output is cut. Depends on shapes alone (see Workers).
struct BlockPlan {
  std::int64_t channels = 0;  // output channels a block
  std::int64_t rows = 0;      // output rows a block
};

// Blocks of 64 output channels keep oneDNN's direct convolution at its full rate (32 where there are
// few). With fewer than 64 channels rows are cut as well, where the plane is tall enough for the
// repeated border rows to cost little.
BlockPlan plan_blocks(std::int64_t channels, std::int64_t rows, std::int64_t kernel) {
  if (channels >= 256) return {64, rows};
  if (channels >= 64) return {32, rows};
  const std::int64_t eighth = pieces(rows, 8);
  return {channels, eighth >= 4 * kernel ? eighth : rows};
}

// Input channels that are summed up at once; the partial sums are then added. oneDNN on AVX-512 adds
// 16 channels x k x k products in one fp32 register. Sums of about 324 products bring the error to fp64
// down to that of its AVX2 kernels (0.6 of the AVX-512 ones), for a tenth of the speed; sums of 2592 are
// the fastest of all (the operands of a part stay in the cache). So: short sums where there is little
// to add, long ones where there is much.
std::int64_t summed_channels(std::int64_t channels, std::int64_t kernel) {
  const std::int64_t area = kernel * kernel;
  const std::int64_t products = channels * area <= 8192 ? 324 : 2592;
  const std::int64_t summed = pieces(products, area);
  return pieces(summed, 4) * 4;
}

// x (1, Cin, H, W), weight (Cout, Cin, k, k) -> (1, Cout, H', W'), on the calling thread.
at::Tensor convolve(const at::Tensor& x, const at::Tensor& weight, at::IntArrayRef padding) {
  const std::int64_t group = summed_channels(weight.size(1), weight.size(2));
  at::Tensor sum;
  for (std::int64_t begin = 0; begin < weight.size(1); begin += group) {
    const std::int64_t size = std::min(group, weight.size(1) - begin);
    const at::Tensor part = at::conv2d(x.narrow(1, begin, size), weight.narrow(1, begin, size),
                                       std::nullopt, {1, 1}, padding);
    sum = sum.defined() ? sum.add_(part) : part;
  }
  return sum;
}

void check_shapes(const at::Tensor& x, const ConvWeights& weights, const at::Tensor& out) {
  const at::Tensor& weight = weights.values;
  const bool half = weight.scalar_type() == at::kHalf;
  const std::size_t scales = weights.scales.size();
  if ((!half && weight.scalar_type() != at::kFloat) ||
      (scales != 0 && (!half || scales != static_cast<std::size_t>(weight.size(0))))) {
    fail(ErrorKind::internal, "conv2d_same: weight of type ", toString(weight.scalar_type()),
         " with ", scales, " scales");
  }
  if (x.dim() != 4 || weight.dim() != 4 || weight.size(1) != x.size(1) ||
      weight.size(2) != weight.size(3) || weight.size(2) % 2 == 0 || !weight.is_contiguous() ||
      out.sizes().vec() != std::vector{x.size(0), weight.size(0), x.size(2), x.size(3)}) {
    fail(ErrorKind::internal, "conv2d_same: input ", shape_text(x.sizes().vec()), ", weight ",
         shape_text(weight.sizes().vec()), ", output ", shape_text(out.sizes().vec()));
  }
}

// Some output channels of the weights as an operand in fp32.
at::Tensor operand(const ConvWeights& weights, Range channels, Precision precision) {
  at::Tensor part = weights.values.narrow(0, channels.begin, channels.size).to(at::kFloat);
  if (!weights.scales.empty()) {
    const at::Tensor scales = at::from_blob(const_cast<float*>(weights.scales.data()),
                                            {weights.values.size(0), 1, 1, 1}, at::kFloat);
    part = part.mul(scales.narrow(0, channels.begin, channels.size));
  }
  return round_operand(part, precision);
}

// One image x (Cin, H, W) -> out (Cout, H, W), any kernel size and any strides, by ATen's direct
// convolution.
void convolve_directly(const Workers& workers, const at::Tensor& x, const ConvWeights& weights,
                       const std::optional<at::Tensor>& bias, Precision precision,
                       const at::Tensor& out) {
  const std::int64_t channels = weights.values.size(0);
  const std::int64_t rows = x.size(1);
  const std::int64_t kernel = weights.values.size(2);
  const std::int64_t half = kernel / 2;
  const BlockPlan plan = plan_blocks(channels, rows, kernel);
  const bool cut_rows = plan.rows < rows;
  at::Tensor input = round_operand(x, precision).contiguous().unsqueeze(0);  // (1, Cin, H, W)
  if (cut_rows) input = at::constant_pad_nd(input, {0, 0, half, half});

  const std::int64_t channel_blocks = pieces(channels, plan.channels);
  const std::int64_t row_blocks = pieces(rows, plan.rows);
  workers.run(channel_blocks * row_blocks, [&](std::int64_t index) {
    const Range c = piece_of(channels, plan.channels, index / row_blocks);
    const Range r = piece_of(rows, plan.rows, index % row_blocks);
    const at::Tensor block_input = cut_rows ? input.narrow(2, r.begin, r.size + 2 * half) : input;
    at::Tensor block =
        convolve(block_input, operand(weights, c, precision), {cut_rows ? 0 : half, half});
    if (bias) block.add_(bias->narrow(0, c.begin, c.size).view({1, c.size, 1, 1}));
    out.narrow(0, c.begin, c.size).narrow(1, r.begin, r.size).copy_(block.squeeze(0));
  });
}

template <typename T>
PlaneView<T> view_of(T* data, const at::Tensor& tensor) {
  return {data, tensor.stride(0), tensor.stride(1), tensor.stride(2), tensor.stride(3)};
}

WeightView view_of(const ConvWeights& weights) {
  if (weights.values.scalar_type() == at::kFloat) return {weights.values.const_data_ptr<float>()};
  return {nullptr,
          reinterpret_cast<const std::uint16_t*>(weights.values.const_data_ptr<at::Half>()),
          weights.scales.empty() ? nullptr : weights.scales.data()};
}

bool has_contiguous_axis(const at::Tensor& tensor) {
  return tensor.stride(1) == 1 || tensor.stride(3) == 1;
}

// Images that share transformed weights: as many as pay. A chunk of tiles that goes through all stages
// in the cache is one image's. Where kEnough tiles share a weight, its transform is a small part of the
// work, and more of them would only push each other out of the cache.
std::int64_t images_at_once(const ChosenPlan& chosen, std::int64_t images) {
  constexpr std::int64_t kEnough = 40;
  const FftPlan& plan = chosen.plan;
  if (chosen.chunk.rows < plan.rows.count || chosen.chunk.columns < plan.columns.count) return 1;
  return pieces(images, pieces(images, pieces(kEnough, plan.tiles)));
}

}  // namespace

void conv2d_same_out(const Workers& workers, const at::Tensor& x, const ConvWeights& weights,
                     const std::optional<at::Tensor>& bias, Precision precision,
                     const at::Tensor& out) {
  check_shapes(x, weights, out);
  const at::Tensor& weight = weights.values;
  const std::int64_t images = x.size(0);
  const std::int64_t kernel = weight.size(2);
  if (kernel < 3 || kernel > kMaxFftKernel || !has_contiguous_axis(x) ||
      !has_contiguous_axis(out)) {
    for (std::int64_t i = 0; i < images; ++i) {
      convolve_directly(workers, x.select(0, i), weights, bias, precision, out.select(0, i));
    }
    return;
  }
  const ChosenPlan of_one =
      plan_fft({1, weight.size(1), weight.size(0), x.size(2), x.size(3), kernel});
  const std::int64_t at_once = images_at_once(of_one, images);
  for (std::int64_t begin = 0; begin < images; begin += at_once) {
    const std::int64_t count = std::min(at_once, images - begin);
    const at::Tensor some = x.narrow(0, begin, count);
    const at::Tensor results = out.narrow(0, begin, count);
    convolve(workers, {of_one.plan.of_images(count), of_one.chunk},
             {view_of(some.const_data_ptr<float>(), some), view_of(weights),
              bias ? bias->const_data_ptr<float>() : nullptr,
              view_of(results.mutable_data_ptr<float>(), results), precision == Precision::bf16});
  }
}

at::Tensor conv2d_same(const Workers& workers, const at::Tensor& x, const ConvWeights& weights,
                       const std::optional<at::Tensor>& bias, Precision precision) {
  at::Tensor out =
      at::empty({x.size(0), weights.values.size(0), x.size(2), x.size(3)}, x.options());
  conv2d_same_out(workers, x, weights, bias, precision, out);
  return out;
}

}  // namespace dnd::ops
