#include "ops/cuda/convolution.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/strings.h"

namespace dnd::ops::cuda {

std::vector<Complex> root_table(const ConvPlan& plan) {
  std::vector<Complex> roots;
  for (const int tile : {plan.u.tile, plan.v.tile}) {
    for (int n = 0; n < tile; ++n) {
      const double angle = 2.0 * std::numbers::pi * n / tile;
      roots.push_back({static_cast<float>(std::cos(angle)), static_cast<float>(std::sin(angle))});
    }
  }
  return roots;
}

Convolution::Convolution(Device& device, const ConvPlan& plan)
    : device_(&device),
      plan_(plan),
      roots_(device, plan.u.tile + plan.v.tile),
      exponents_(device, plan.out_channels) {
  roots_.upload(root_table(plan).data());
}

void Convolution::load(const float* weights, const ConvScratch& scratch,
                       std::uint16_t* frequencies) {
  const std::int64_t area = std::int64_t{plan_.kernel} * plan_.kernel;
  const std::int64_t of_output = plan_.in_channels * area;
  const std::int64_t at_once = scratch.raw_weights.size() / of_output;
  if (at_once == 0) fail(ErrorKind::internal, "cuda: scratch for weights is too small");
  device_->clear(frequencies, frequency_bytes());  // output channels beyond the true ones
  for (std::int64_t first = 0; first < plan_.out_channels; first += at_once) {
    const std::int64_t count = std::min(at_once, plan_.out_channels - first);
    float* raw = scratch.raw_weights.data();
    device_->upload(raw, weights + first * of_output,
                    static_cast<std::size_t>(count * of_output) * sizeof(float));
    WeightScales scales;
    scales.weights = raw;
    scales.exponents = exponents_.data() + first;
    scales.outputs = static_cast<int>(count);
    scales.in_channels = plan_.in_channels;
    scales.area = static_cast<int>(area);
    device_->launch(scales);
    WeightTransform transform;
    transform.plan = plan_;
    transform.weights = raw;
    transform.exponents = scales.exponents;
    transform.roots = roots_.data();
    transform.out = frequencies;
    transform.first_output = static_cast<int>(first);
    transform.outputs = scales.outputs;
    device_->launch(transform);
  }
  frequencies_ = frequencies;
}

void Convolution::run(int images, const DevicePlane& x, const ConvScratch& scratch, float* y,
                      const Strides& strides, const Epilogue& epilogue,
                      std::uint32_t* largest_out) const {
  const ConvPlan plan = for_images(plan_, images);
  if (frequencies_ == nullptr || scratch.inputs.size() < plan.input_size() ||
      scratch.products.size() < plan.product_size()) {
    fail(ErrorKind::internal, "cuda: convolution without weights or with too small a scratch");
  }
  ForwardTransform forward;
  forward.plan = plan;
  forward.x = x.data;
  forward.strides = x.strides;
  forward.largest = x.largest;
  forward.out = scratch.inputs.data();
  forward.channels_contiguous = x.strides.channel == 1;
  forward.norm = x.norm;
  device_->launch(forward);

  device_->launch(BatchedProduct{plan, forward.out, frequencies_, scratch.products.data()});

  InverseTransform inverse;
  inverse.plan = plan;
  inverse.products = scratch.products.data();
  inverse.largest = x.largest;
  inverse.exponents = exponents_.data();
  inverse.y = y;
  inverse.strides = strides;
  inverse.epilogue = epilogue;
  inverse.largest_out = largest_out;
  inverse.channels_contiguous = strides.channel == 1;
  device_->launch(inverse);
}

}  // namespace dnd::ops::cuda
