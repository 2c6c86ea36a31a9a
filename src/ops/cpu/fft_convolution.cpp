#include "ops/cpu/fft_convolution.h"

#include <algorithm>

#include "ops/cpu/fft_kernels.h"

namespace dnd::ops {
namespace {

// Slabs that a block of output channels takes one after another. Either all (each weight is read and
// blocked once; a task takes its products back to the plane while they are in the cache), or as many
// as keep the inputs of a slab in the last cache while all output channels pass.
std::int64_t slabs_at_once(const FftPlan& plan) {
  constexpr std::int64_t kCacheFloats = 4 << 20;
  if (plan.input_floats() <= kCacheFloats || plan.out_blocks <= 2) return plan.slabs;
  return std::clamp<std::int64_t>(kCacheFloats / plan.input_slab_floats(1), 1, plan.slabs);
}

class Run {
 public:
  Run(const Workers& workers, const FftPlan& plan, const FftConvolution& convolution)
      : workers_(workers),
        pool_(workers.scratch()),
        plan_(plan),
        transformed_(pool_.take(plan.input_floats())),
        input_{plan, convolution.x, convolution.round_to_bf16, transformed_.data()},
        product_{plan, convolution.weights, convolution.round_to_bf16, transformed_.data()},
        output_{plan, convolution.y, {convolution.bias}} {}

  void inputs() {
    const std::int64_t tile_rows = plan_.shape.images * plan_.rows.count;
    workers_.run(plan_.in_groups * tile_rows, [&](std::int64_t index) {
      const std::int64_t row = index % tile_rows;
      const auto scratch = pool_.take(fft::input_scratch_floats(plan_));
      fft::transform_input(input_, row / plan_.rows.count, row % plan_.rows.count,
                           index / tile_rows, scratch.data());
    });
  }

  void products_and_outputs() {
    const std::int64_t at_once = slabs_at_once(plan_);
    if (at_once == plan_.slabs) {
      workers_.run(plan_.out_blocks, [&](std::int64_t block) { whole_block(block); });
      return;
    }
    const std::int64_t block_floats = plan_.product_floats(2);
    const auto products = pool_.take(plan_.out_blocks * block_floats);
    const std::int64_t groups = (plan_.slabs + at_once - 1) / at_once;
    workers_.run(groups * plan_.out_blocks, [&](std::int64_t index) {
      const std::int64_t block = index % plan_.out_blocks;
      const std::int64_t begin = index / plan_.out_blocks * at_once;
      const auto scratch = pool_.take(fft::product_scratch_floats(plan_));
      fft::multiply(product_, block, begin, std::min(begin + at_once, plan_.slabs),
                    products.data() + block * block_floats +
                        plan_.product_offset(begin, plan_.vectors_of(block)),
                    scratch.data());
    });
    const std::int64_t tile_rows = plan_.shape.images * plan_.rows.count;
    workers_.run(tile_rows * plan_.out_blocks, [&](std::int64_t index) {
      const std::int64_t block = index / tile_rows;
      output_row(block, index % tile_rows, products.data() + block * block_floats);
    });
  }

 private:
  void whole_block(std::int64_t block) {
    const auto products = pool_.take(plan_.product_floats(2));
    {
      const auto scratch = pool_.take(fft::product_scratch_floats(plan_));
      fft::multiply(product_, block, 0, plan_.slabs, products.data(), scratch.data());
    }
    for (std::int64_t row = 0; row < plan_.shape.images * plan_.rows.count; ++row) {
      output_row(block, row, products.data());
    }
  }

  void output_row(std::int64_t block, std::int64_t row, const float* products) {
    const auto scratch = pool_.take(fft::output_scratch_floats(plan_));
    fft::transform_output(output_, row / plan_.rows.count, row % plan_.rows.count, block, products,
                          scratch.data());
  }

  const Workers& workers_;
  ScratchPool& pool_;
  const FftPlan& plan_;
  ScratchPool::Buffer transformed_;
  fft::InputJob input_;
  fft::ProductJob product_;
  fft::OutputJob output_;
};

}  // namespace

void convolve(const Workers& workers, const FftPlan& plan, const FftConvolution& convolution) {
  Run run(workers, plan, convolution);
  run.inputs();
  run.products_and_outputs();
}

}  // namespace dnd::ops
