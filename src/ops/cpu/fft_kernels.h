// Kernels of the convolution in the transform domain; vectors run over channels. The instruction set
// is chosen at run time. Memory layouts: FftPlan.
#pragma once

#include <cstdint>

#include "ops/cpu/fft_plan.h"

namespace dnd::ops::fft {

// Floats of a vector on the instruction set in use.
std::int64_t lanes();

// What an output goes through on its way to memory: nothing but its bias, or the sum of both paths
// of a layer, out = (out + tanh(y) + bias[row, column]) / 3.
struct Finish {
  const float* channel_bias = nullptr;
};

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
  const float* weights = nullptr;  // (Cout, Cin, k, k)
  bool round_to_bf16 = false;
  const float* transformed = nullptr;
};
std::int64_t product_scratch_floats(const FftPlan& plan);
// Slabs [begin, end) of a block of output channels; `products` is that block's.
void multiply(const ProductJob& job, std::int64_t block, std::int64_t begin, std::int64_t end,
              float* products, float* scratch);

struct OutputJob {
  const FftPlan& plan;
  PlaneView<float> y;
  Finish finish;
};
std::int64_t output_scratch_floats(const FftPlan& plan);
// All tiles of one tile row of one image, for a block of output channels.
void transform_output(const OutputJob& job, std::int64_t image, std::int64_t tile_row,
                      std::int64_t block, const float* products, float* scratch);

}  // namespace dnd::ops::fft
