#include "ops/cuda/reference.h"

#include <algorithm>
#include <cmath>

namespace dnd::ops::cuda {
namespace {

// What one kernel on one plane gives at (row, column).
double correlate(const ConvShape& s, const float* plane, const float* kernel, int row, int column) {
  double sum = 0.0;
  for (int i = 0; i < s.kernel; ++i) {
    for (int j = 0; j < s.kernel; ++j) {
      const int r = row + i - s.kernel / 2;
      const int c = column + j - s.kernel / 2;
      if (r < 0 || r >= s.rows || c < 0 || c >= s.columns) continue;
      sum += static_cast<double>(plane[std::int64_t{r} * s.columns + c]) *
             static_cast<double>(kernel[i * s.kernel + j]);
    }
  }
  return sum;
}

}  // namespace

std::uint32_t largest_magnitude(std::span<const float> values) {
  std::uint32_t largest = 0;
  for (const float value : values) largest = std::max(largest, magnitude_bits(value));
  return largest;
}

std::vector<double> convolve_in_fp64(const ConvShape& s, const std::vector<float>& x,
                                     const std::vector<float>& weights) {
  const std::int64_t plane = std::int64_t{s.rows} * s.columns;
  const std::int64_t area = std::int64_t{s.kernel} * s.kernel;
  std::vector<double> y(static_cast<std::size_t>(plane * s.images * s.out_channels));
  for (std::int64_t at = 0; at < std::int64_t{s.images} * s.out_channels; ++at) {
    const std::int64_t image = at / s.out_channels;
    const std::int64_t out = at % s.out_channels;
    for (std::int64_t in = 0; in < s.in_channels; ++in) {
      const float* from = x.data() + (image * s.in_channels + in) * plane;
      const float* kernel = weights.data() + (out * s.in_channels + in) * area;
      for (std::int64_t i = 0; i < plane; ++i) {
        y[static_cast<std::size_t>(at * plane + i)] += correlate(
            s, from, kernel, static_cast<int>(i / s.columns), static_cast<int>(i % s.columns));
      }
    }
  }
  return y;
}

std::vector<float> convolve_on(Device& device, const ConvPlan& plan, const std::vector<float>& x,
                               const std::vector<float>& weights) {
  const std::int64_t plane = std::int64_t{plan.u.points} * plan.v.points;
  const auto image_size = static_cast<std::size_t>(plan.in_channels * plane);
  std::vector<std::uint32_t> largest;
  for (std::size_t at = 0; at < x.size(); at += image_size) {
    largest.push_back(largest_magnitude(std::span(x).subspan(at, image_size)));
  }
  Buffer<float> x_there(device, static_cast<std::int64_t>(x.size()));
  x_there.upload(x.data());
  Buffer<std::uint32_t> largest_there(device, plan.images);
  largest_there.upload(largest.data());
  const ConvScratch scratch{{device, plan.input_size()},
                            {device, plan.product_size()},
                            {device, static_cast<std::int64_t>(weights.size())}};
  const Buffer<std::uint16_t> frequencies(device, plan.weight_size());
  Convolution convolution(device, plan);
  convolution.load(weights.data(), scratch, frequencies.data());
  const Buffer<float> y(device, std::int64_t{plan.images} * plan.out_channels * plane);
  convolution.run(
      plan.images,
      {x_there.data(), strides_in_order(plan, plan.in_channels), largest_there.data(), {}}, scratch,
      y.data(), strides_in_order(plan, plan.out_channels), {}, nullptr);
  device.wait();
  return y.download();
}

double relative_rms(const std::vector<float>& values, const std::vector<double>& expected) {
  double squares = 0.0;
  double norm = 0.0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    squares += std::pow(static_cast<double>(values[i]) - expected[i], 2);
    norm += expected[i] * expected[i];
  }
  return std::sqrt(squares / norm);
}

}  // namespace dnd::ops::cuda
