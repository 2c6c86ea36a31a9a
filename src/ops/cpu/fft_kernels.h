// Kernels of the convolution in the transform domain; vectors run over channels. The instruction set
// is chosen at run time. Memory layouts: FftPlan.
#pragma once

#include <cstdint>

#include "ops/cpu/fft_plan.h"
#include "ops/cpu/weight_view.h"

namespace dnd::ops::fft {

// Floats of a vector on the instruction set in use.
std::int64_t lanes();

struct InputJob {
  const FftPlan& plan;
  PlaneView<const float> x;
  bool round_to_bf16 = false;
  float* transformed = nullptr;
};
std::int64_t input_scratch_floats(const FftPlan& plan);
// All tiles of one tile row of one image, for one group of channels.
void transform_input(const InputJob& job, std::int64_t image, std::int64_t tile_row,
                     std::int64_t group, float* scratch);

struct ProductJob {
  const FftPlan& plan;
  WeightView weights;  // (Cout, Cin, k, k)
  bool round_to_bf16 = false;
  const float* transformed = nullptr;
};
// Slabs [first_slab, end_slab) of some blocks of output channels side by side.
struct ProductTask {
  std::int64_t first_block = 0;
  std::int64_t blocks = 0;  // at most kMaxBlocks
  std::int64_t first_slab = 0;
  std::int64_t end_slab = 0;
  float* products = nullptr;      // of first_block; FftPlan::product_offset() counts from there
  std::int64_t block_floats = 0;  // from one block's products to the next one's
};
constexpr std::int64_t kMaxBlocks = 4;
// What multiply() keeps in its scratch memory.
struct ProductScratch {
  ProductScratch(const FftPlan& plan, float* at)
      : kernels(at), frequencies(at + before_frequencies(plan)), zeros(at + before_zeros(plan)) {}

  static std::int64_t kernel_floats(const FftPlan& plan) { return row_floats(plan) * plan.lanes; }
  static std::int64_t block_floats(const FftPlan& plan) { return 2 * kernel_floats(plan); }
  static std::int64_t floats(const FftPlan& plan) { return before_zeros(plan) + row_floats(plan); }

  float* kernels;      // [block][vector][input][k k][lanes], later their even and odd parts
  float* frequencies;  // FftPlan::weight_row_floats
  float* zeros;        // [input][k k]: weights of a channel that does not exist

 private:
  static std::int64_t row_floats(const FftPlan& plan) {
    return plan.block_inputs * plan.shape.kernel * plan.shape.kernel;
  }
  static std::int64_t before_frequencies(const FftPlan& plan) {
    return kMaxBlocks * block_floats(plan);
  }
  static std::int64_t before_zeros(const FftPlan& plan) {
    return before_frequencies(plan) + plan.first_bins * plan.weight_bin_floats();
  }
};
// `scratch`: ProductScratch::floats(job.plan).
void multiply(const ProductJob& job, const ProductTask& task, float* scratch);

struct OutputJob {
  const FftPlan& plan;
  PlaneView<float> y;
  const float* bias = nullptr;  // (Cout), or none
};
std::int64_t output_scratch_floats(const FftPlan& plan);
// All tiles of one tile row of one image, for a block of output channels.
void transform_output(const OutputJob& job, std::int64_t image, std::int64_t tile_row,
                      std::int64_t block, const float* products, float* scratch);

}  // namespace dnd::ops::fft
