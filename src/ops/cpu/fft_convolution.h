// Convolution in the transform domain: overlapping tiles, a real 2-D Fourier transform of each, for
// every frequency a complex matrix product by Gauss's three real ones, and back.
//
// Sources: overlap-save as in Mathieu et al., arXiv 1312.5851, and Zlateski et al., arXiv 1809.07851.
#pragma once

#include <cstdint>

#include "ops/cpu/fft_plan.h"
#include "ops/cpu/weight_view.h"
#include "ops/workers.h"

namespace dnd::ops {

// Kernels larger than this have no code here.
constexpr std::int64_t kMaxFftKernel = 11;

struct FftConvolution {
  PlaneView<const float> x;     // (images, Cin, rows, columns)
  WeightView weights;           // (Cout, Cin, k, k)
  const float* bias = nullptr;  // (Cout), or none
  PlaneView<float> y;           // (images, Cout, rows, columns)
  bool round_to_bf16 = false;   // operands
};

// Tiles for a shape, and how many of them go through all stages at once: those for which the model of
// the cost is lowest. A chunk of fewer than all tiles keeps its frequencies in the cache, at the price
// of weights that are transformed for each chunk again: right where channels are few.
struct ChosenPlan {
  FftPlan plan;
  Chunk chunk;
};
ChosenPlan plan_fft(const ConvShape& shape);

void convolve(const Workers& workers, const ChosenPlan& chosen, const FftConvolution& convolution);

}  // namespace dnd::ops
