// Products of all frequencies -> planes, with what follows a convolution.
#pragma once

#include <cmath>

#include "ops/cuda/conv_plan.h"
#include "ops/cuda/phases.h"
#include "ops/cuda/tile_memory.h"

namespace dnd::ops::cuda {

// What becomes of a convolution's result v: y = (f(v) + other + bias) / divisor, f = tanh or
// nothing.
struct Epilogue {
  bool tanh = false;
  const float* other = nullptr;  // laid out as y, or none
  const float* bias = nullptr;   // of channels and of the plane by these strides, or none
  Strides bias_strides;          // the same for every image: .image is not used
  float divisor = 1.0F;
};

// A block takes one tile (x) and a group of output channels (y). It puts the four real products together,
// goes back along u and then along v.
struct InverseTransform {
  static constexpr const char* kName = "inverse transform";
  static constexpr int kThreads = kBlockThreads;

  ConvPlan plan;
  const std::uint16_t* products = nullptr;  // Y
  const std::uint32_t* largest = nullptr;   // (images): of the convolution's input
  const int* exponents = nullptr;           // (out_channels): of the weights
  float* y = nullptr;                       // images x channels x rows x columns by these strides
  Strides strides;
  Epilogue epilogue;
  std::uint32_t* largest_out = nullptr;  // (images): bits of the largest magnitude of y, or none
  bool channels_contiguous = false;      // else v, as the order of writing

  Grid grid() const { return {plan.tiles, pieces(plan.padded_out, tile_memory(plan).channels), 1}; }
  std::size_t shared_floats() const {
    return static_cast<std::size_t>(line_floats()) + std::size_t{kFoldFloats};
  }
  DND_HD int phases() const { return largest_out != nullptr ? 5 : 3; }

  DND_HD void run(int phase, const Block& block, int thread, float* shared) const {
    run_up_to<kMaxTile>(phase, block, thread, shared);
  }
  template <int kMost>
  DND_HD void run_up_to(int phase, const Block& block, int thread, float* shared) const {
    float* fold = shared + line_floats();
    switch (phase) {
      case 0:
        with_tile<kMost>(plan.u.tile, [&](auto length) {
          transform_u<decltype(length)::kValue>(block, thread, shared);
        });
        break;
      case 1:
        for_lines<kMost>(plan, plan.u.step, thread, shared,
                         [](auto tile, float* line) { to_points<decltype(tile)::kValue>(line); });
        break;
      case 2:
        fold[thread] = store(block, thread, shared);
        break;
      case 3:
        fold_to_partials(thread, fold, Largest{});
        break;
      default:
        if (thread == 0) {
          atomic_max(&largest_out[place_of(plan, block.x).image],
                     magnitude_bits(folded(fold, Largest{})));
        }
        break;
    }
  }

 private:
  DND_HD int line_floats() const { return tile_memory(plan).floats(plan.u.step); }

  // The lines of the tile's outputs, as frequencies of v.
  template <int kTile>
  DND_HD void transform_u(const Block& block, int thread, float* shared) const {
    const TileMemory memory = tile_memory(plan);
    for (int i = thread; i < plan.bins_v * memory.channels; i += kThreads) {
      const int c = i % memory.channels;
      const int bin = i / memory.channels;
      const int channel = block.y * memory.channels + c;
      const bool inside = channel < plan.out_channels;
      Points<kTile> points;
      for_constants<kTile>([&](auto frequency) {
        const int at = bin * kTile + frequency();
        float& real = points.real[frequency()];
        float& imaginary = points.imaginary[frequency()];
        real = imaginary = 0.0F;
        if (!inside) return;
        const std::uint16_t* of_real = products + plan.product_index(at, 0, block.x, 0, channel);
        const std::uint16_t* of_imaginary =
            products + plan.product_index(at, 1, block.x, 0, channel);
        real = from_half(of_real[0]) - from_half(of_imaginary[plan.padded_out]);
        imaginary = from_half(of_real[plan.padded_out]) + from_half(of_imaginary[0]);
      });
      transform_back(points);
      for_constants<kTile>([&](auto u) {
        if (u() >= plan.u.step) return;
        float* line = shared + memory.line(u(), c);
        line[bin] = points.real[u()];
        line[plan.bins_v + bin] = points.imaginary[u()];
      });
    }
  }

  // Writes the block's part of y; returns the value of the largest magnitude that the thread wrote.
  DND_HD float store(const Block& block, int thread, const float* shared) const {
    const TileMemory memory = tile_memory(plan);
    const TilePlace place = place_of(plan, block.x);
    const int count = plan.u.step * plan.v.step * memory.channels;
    float most = 0.0F;
    for (int i = thread; i < count; i += kThreads) {
      const LinePoint at =
          line_point(i, plan.u.step, plan.v.step, memory.channels, channels_contiguous);
      const int channel = block.y * memory.channels + at.channel;
      const int u = place.u + at.line;
      const int v = place.v + at.point;
      if (channel >= plan.out_channels || u >= plan.u.points || v >= plan.v.points) continue;
      const float sum = shared[memory.line(at.line, at.channel) + at.point];
      most = Largest{}(most, finish(sum, place.image, channel, u, v));
    }
    return most;
  }

  DND_HD float finish(float sum, int image, int channel, int u, int v) const {
    const Epilogue& e = epilogue;
    const std::int64_t at = image * strides.image + channel * strides.channel +
                            u * plan.stride_u(strides) + v * plan.stride_v(strides);
    const int of_input = range_exponent(largest[image], plan.log2_area);
    float value = sum / static_cast<float>(plan.u.tile * plan.v.tile);
    value = value * power_of_two(-plan.product_exponent()) * power_of_two(-exponents[channel]) *
            power_of_two(-of_input);
    if (e.tanh) value = std::tanh(value);
    if (e.other != nullptr) value += e.other[at];
    if (e.bias != nullptr) {
      value += e.bias[channel * e.bias_strides.channel + u * plan.stride_u(e.bias_strides) +
                      v * plan.stride_v(e.bias_strides)];
    }
    value /= e.divisor;
    y[at] = value;
    return value;
  }
};

}  // namespace dnd::ops::cuda
