#include "ops/conv2d_same.h"

#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/empty.h>

#include <algorithm>

#include "base/strings.h"
#include "ops/blocks.h"

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
  const std::int64_t eighth = (rows + 7) / 8;
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
  const std::int64_t summed = (products + area - 1) / area;
  return (summed + 3) / 4 * 4;
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

void check_shapes(const at::Tensor& x, const at::Tensor& weight) {
  if (x.dim() != 3 || weight.dim() != 4 || weight.size(1) != x.size(0) ||
      weight.size(2) != weight.size(3) || weight.size(2) % 2 == 0) {
    fail(ErrorKind::internal, "conv2d_same: input ", shape_text(x.sizes().vec()), ", weight ",
         shape_text(weight.sizes().vec()));
  }
}

}  // namespace

at::Tensor conv2d_same(const Workers& workers, const at::Tensor& x, const at::Tensor& weight,
                       const std::optional<at::Tensor>& bias, Precision precision) {
  check_shapes(x, weight);
  const std::int64_t channels = weight.size(0);
  const std::int64_t rows = x.size(1);
  const std::int64_t columns = x.size(2);
  const std::int64_t half = weight.size(2) / 2;
  const BlockPlan plan = plan_blocks(channels, rows, weight.size(2));
  const bool cut_rows = plan.rows < rows;
  at::Tensor input = round_operand(x, precision).unsqueeze(0);  // (1, Cin, H, W)
  if (cut_rows) input = at::constant_pad_nd(input, {0, 0, half, half});
  at::Tensor out = at::empty({1, channels, rows, columns}, x.options());

  const std::int64_t channel_blocks = (channels + plan.channels - 1) / plan.channels;
  const std::int64_t row_blocks = (rows + plan.rows - 1) / plan.rows;
  workers.run(channel_blocks * row_blocks, [&](std::int64_t index) {
    const Range c = piece_of(channels, plan.channels, index / row_blocks);
    const Range r = piece_of(rows, plan.rows, index % row_blocks);
    const at::Tensor block_input = cut_rows ? input.narrow(2, r.begin, r.size + 2 * half) : input;
    const at::Tensor block_weight = round_operand(weight.narrow(0, c.begin, c.size), precision);
    at::Tensor block = convolve(block_input, block_weight, {cut_rows ? 0 : half, half});
    if (bias) block.add_(bias->narrow(0, c.begin, c.size).view({1, c.size, 1, 1}));
    out.narrow(1, c.begin, c.size).narrow(2, r.begin, r.size).copy_(block);
  });
  return out.squeeze(0);
}

}  // namespace dnd::ops
