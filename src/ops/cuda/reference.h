// Plain convolutions in fp64 and a convolution alone on a device: for checks, not for speed.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ops/cuda/convolution.h"

namespace dnd::ops::cuda {

// x (images, Cin, rows, columns), weights (Cout, Cin, k, k) -> y (images, Cout, rows, columns).
std::vector<double> convolve_in_fp64(const ConvShape& shape, const std::vector<float>& x,
                                     const std::vector<float>& weights);

// The same on a device, each image with the scale of its own largest magnitude.
std::vector<float> convolve_on(Device& device, const ConvPlan& plan, const std::vector<float>& x,
                               const std::vector<float>& weights);

// Bits of the largest |value|; 0 of none.
std::uint32_t largest_magnitude(std::span<const float> values);

// |values - expected| / |expected|.
double relative_rms(const std::vector<float>& values, const std::vector<double>& expected);

}  // namespace dnd::ops::cuda
