// A convolution with `same` padding on a device, in the transform domain: frequencies of the input,
// one matrix product for each of them, and back.
#pragma once

#include "ops/cuda/device.h"

namespace dnd::ops::cuda {

// (images, channels, rows, columns) on the device.
struct DevicePlane {
  const float* data = nullptr;
  Strides strides;
  const std::uint32_t* largest =
      nullptr;  // (images): bits of the largest magnitude, of normalised values
  Normalization norm;
};

// e^(i 2 pi n / tile) of both axes, as the transform of weights takes them.
std::vector<Complex> root_table(const ConvPlan& plan);

// Device memory that convolutions use one after another.
struct ConvScratch {
  Buffer<std::uint16_t> inputs;    // at least plan.input_size()
  Buffer<std::uint16_t> products;  // at least plan.product_size()
  Buffer<float> raw_weights;       // at least one output channel's
};

class Convolution {
 public:
  Convolution(Device& device, const ConvPlan& plan);

  const ConvPlan& plan() const { return plan_; }
  std::size_t frequency_bytes() const {
    return static_cast<std::size_t>(plan_.weight_size()) * sizeof(std::uint16_t);
  }

  // Transforms weights (Cout, Cin, k, k) of the host into `frequencies`, plan.weight_size()
  // elements of the device, which run() reads from then on.
  void load(const float* weights, const ConvScratch& scratch, std::uint16_t* frequencies);

  // y (images, Cout, rows, columns) by `strides`; `largest_out` as for InverseTransform. The number
  // of images need not be the plan's: an image's results do not depend on the others.
  void run(int images, const DevicePlane& x, const ConvScratch& scratch, float* y,
           const Strides& strides, const Epilogue& epilogue, std::uint32_t* largest_out) const;

 private:
  Device* device_;
  ConvPlan plan_;
  Buffer<Complex> roots_;
  Buffer<int> exponents_;  // (Cout)
  const std::uint16_t* frequencies_ = nullptr;
};

}  // namespace dnd::ops::cuda
