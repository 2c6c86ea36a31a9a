#include "ops/cpu/fft_convolution.h"

#include <algorithm>
#include <functional>

#include "ops/blocks.h"
#include "ops/cpu/fft_kernels.h"

namespace dnd::ops {
namespace {

// Blocks that share a fetch of the inputs, as long as there are enough tasks for many threads.
std::int64_t blocks_at_once(const FftPlan& plan) {
  return std::clamp<std::int64_t>(plan.out_blocks / 16, 1, fft::kMaxBlocks);
}

// Slabs that a block of output channels takes one after another. Either all: each weight is read and
// blocked once, and a task takes its products back to the plane while they are in the cache; but every
// task fetches all inputs. Or as many as keep their inputs in the last cache while all output channels
// pass; then weights are read once for each such group of slabs, and that is twice as dear.
std::int64_t slabs_at_once(const FftPlan& plan) {
  constexpr std::int64_t kCacheFloats = 4 << 20;
  if (plan.input_floats() <= kCacheFloats) return plan.slabs;
  const std::int64_t some =
      std::clamp<std::int64_t>(kCacheFloats / plan.input_slab_floats(1), 1, plan.slabs);
  const std::int64_t weights =
      plan.shape.in_channels * plan.shape.out_channels * plan.shape.kernel * plan.shape.kernel;
  const std::int64_t more_weights = (pieces(plan.slabs, some) - 1) * weights;
  const std::int64_t more_inputs =
      pieces(plan.out_blocks, blocks_at_once(plan)) * plan.input_floats();
  return 2 * more_weights < more_inputs ? some : plan.slabs;
}

class Run {
 public:
  // `threads` null: all of it on the calling thread.
  Run(const Workers* threads, ScratchPool& pool, const FftPlan& plan,
      const FftConvolution& convolution)
      : threads_(threads),
        pool_(pool),
        plan_(plan),
        block_floats_(plan.product_floats(2)),
        transformed_(pool_.take(plan.input_floats())),
        input_{plan, convolution.x, convolution.round_to_bf16, transformed_.data()},
        product_{plan, convolution.weights, convolution.round_to_bf16, transformed_.data()},
        output_{plan, convolution.y, convolution.bias} {}

  void inputs() {
    const std::int64_t tile_rows = plan_.shape.images * plan_.rows.count;
    run(plan_.in_groups * tile_rows, [&](std::int64_t index) {
      const std::int64_t row = index % tile_rows;
      const auto scratch = pool_.take(fft::input_scratch_floats(plan_));
      fft::transform_input(input_, row / plan_.rows.count, row % plan_.rows.count,
                           index / tile_rows, scratch.data());
    });
  }

  void products_and_outputs() {
    const std::int64_t at_once = slabs_at_once(plan_);
    const std::int64_t side_by_side = blocks_at_once(plan_);
    const std::int64_t tasks = pieces(plan_.out_blocks, side_by_side);
    const auto blocks = [&](std::int64_t index) {
      return piece_of(plan_.out_blocks, side_by_side, index);
    };
    if (at_once == plan_.slabs) {
      run(tasks, [&](std::int64_t index) { whole_blocks(blocks(index)); });
      return;
    }
    const auto products = pool_.take(plan_.out_blocks * block_floats_);
    const std::int64_t groups = pieces(plan_.slabs, at_once);
    run(groups * tasks, [&](std::int64_t index) {
      const Range range = blocks(index % tasks);
      multiply(range, piece_of(plan_.slabs, at_once, index / tasks),
               products.data() + range.begin * block_floats_);
    });
    const std::int64_t tile_rows = plan_.shape.images * plan_.rows.count;
    run(tile_rows * plan_.out_blocks, [&](std::int64_t index) {
      const std::int64_t block = index / tile_rows;
      output_row(block, index % tile_rows, products.data() + block * block_floats_);
    });
  }

 private:
  void run(std::int64_t count, const std::function<void(std::int64_t)>& block) {
    if (threads_ != nullptr) {
      threads_->run(count, block);
      return;
    }
    for (std::int64_t i = 0; i < count; ++i) block(i);
  }

  void multiply(Range blocks, Range slabs, float* products) {
    const auto scratch = pool_.take(fft::ProductScratch::floats(plan_));
    fft::multiply(
        product_,
        {blocks.begin, blocks.size, slabs.begin, slabs.begin + slabs.size, products, block_floats_},
        scratch.data());
  }

  void whole_blocks(Range blocks) {
    const auto products = pool_.take(blocks.size * block_floats_);
    multiply(blocks, {0, plan_.slabs}, products.data());
    for (std::int64_t b = 0; b < blocks.size; ++b) {
      for (std::int64_t row = 0; row < plan_.shape.images * plan_.rows.count; ++row) {
        output_row(blocks.begin + b, row, products.data() + b * block_floats_);
      }
    }
  }

  void output_row(std::int64_t block, std::int64_t row, const float* products) {
    const auto scratch = pool_.take(fft::output_scratch_floats(plan_));
    fft::transform_output(output_, row / plan_.rows.count, row % plan_.rows.count, block, products,
                          scratch.data());
  }

  const Workers* threads_;
  ScratchPool& pool_;
  const FftPlan& plan_;
  std::int64_t block_floats_;
  ScratchPool::Buffer transformed_;
  fft::InputJob input_;
  fft::ProductJob product_;
  fft::OutputJob output_;
};

}  // namespace

void convolve(const Workers& workers, const ChosenPlan& chosen, const FftConvolution& convolution) {
  const FftPlan& plan = chosen.plan;
  const Chunk chunk = chosen.chunk;
  const auto run = [&](const Workers* threads, const FftPlan& part) {
    Run stages(threads, workers.scratch(), part, convolution);
    stages.inputs();
    stages.products_and_outputs();
  };
  const std::int64_t down = pieces(plan.rows.count, chunk.rows);
  const std::int64_t across = pieces(plan.columns.count, chunk.columns);
  if (down * across == 1) {
    run(&workers, plan);
    return;
  }
  workers.run(down * across, [&](std::int64_t index) {
    const Range rows = piece_of(plan.rows.count, chunk.rows, index / across);
    const Range columns = piece_of(plan.columns.count, chunk.columns, index % across);
    run(nullptr, plan.part(rows.begin, rows.size, columns.begin, columns.size));
  });
}

}  // namespace dnd::ops
