// Products of all frequencies -> planes, with what follows a convolution.
#pragma once

#include <cmath>

#include "ops/cuda/conv_plan.h"
#include "ops/cuda/phases.h"

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

// A block takes one tile (x), a group of output channels (y) and some of the tile's lines of u (z).
// It puts the four real products together, goes back along u for its lines and then along v.
struct InverseTransform {
  static constexpr const char* kName = "inverse transform";
  static constexpr int kThreads = kBlockThreads;

  ConvPlan plan;
  const float* products = nullptr;         // Y
  const std::uint32_t* largest = nullptr;  // (images): of the convolution's input
  const int* exponents = nullptr;          // (out_channels): of the weights
  const Complex* roots = nullptr;          // as for ForwardTransform
  float* y = nullptr;                      // images x channels x rows x columns by these strides
  Strides strides;
  Epilogue epilogue;
  std::uint32_t* largest_out = nullptr;  // (images): bits of the largest magnitude of y, or none
  bool channels_contiguous = false;      // else v, as the order of writing

  // Lines that a block takes: what their half-done values leave room for.
  DND_HD int chunk() const {
    constexpr int kFloats = 9600;
    const int most = kFloats / (plan.bins_v * 2 * kChannelGroup);
    return most < plan.u.step ? most : plan.u.step;
  }
  Grid grid() const {
    return {plan.tiles, pieces(plan.padded_out, kChannelGroup), pieces(plan.u.step, chunk())};
  }
  std::size_t shared_floats() const {
    return static_cast<std::size_t>(half_done_floats()) + std::size_t{kFoldFloats};
  }
  DND_HD int phases() const { return largest_out != nullptr ? 4 : 2; }

  DND_HD void run(int phase, const Block& block, int thread, float* shared) const {
    float* fold = shared + half_done_floats();
    switch (phase) {
      case 0:
        transform_u(block, thread, shared);
        break;
      case 1:
        fold[thread] = transform_v(block, thread, shared);
        break;
      case 2:
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
  DND_HD int half_done_floats() const { return chunk() * plan.bins_v * 2 * kChannelGroup; }
  DND_HD int lines_of(const Block& block) const {
    const int left = plan.u.step - block.z * chunk();
    return left < chunk() ? left : chunk();
  }

  // half_done[line][bin of v][part][channel]
  DND_HD void transform_u(const Block& block, int thread, float* half_done) const {
    const int count = lines_of(block) * plan.bins_v * kChannelGroup;
    for (int i = thread; i < count; i += kThreads) {
      const int c = i % kChannelGroup;
      const int bin = i / kChannelGroup % plan.bins_v;
      const int line = i / kChannelGroup / plan.bins_v;
      const int channel = block.y * kChannelGroup + c;
      float real = 0.0F;
      float imaginary = 0.0F;
      if (channel < plan.out_channels) {
        const int position = block.z * chunk() + line;
        int root = 0;
        for (int frequency = 0; frequency < plan.u.tile; ++frequency) {
          const int at = bin * plan.u.tile + frequency;
          const float* of_real = products + plan.product_index(at, 0, block.x, 0, channel);
          const float* of_imaginary = products + plan.product_index(at, 1, block.x, 0, channel);
          const float a = of_real[0] - of_imaginary[plan.padded_out];
          const float b = of_real[plan.padded_out] + of_imaginary[0];
          const Complex w = roots[root];
          real += a * w.real - b * w.imaginary;
          imaginary += b * w.real + a * w.imaginary;
          root += position;
          if (root >= plan.u.tile) root -= plan.u.tile;
        }
      }
      const int to = (line * plan.bins_v + bin) * 2 * kChannelGroup + c;
      half_done[to] = real;
      half_done[to + kChannelGroup] = imaginary;
    }
  }

  // Writes the block's part of y; returns the value of the largest magnitude that the thread wrote.
  DND_HD float transform_v(const Block& block, int thread, const float* half_done) const {
    const TilePlace place = place_of(plan, block.x);
    const int lines = lines_of(block);
    const int count = lines * plan.v.step * kChannelGroup;
    float most = 0.0F;
    for (int i = thread; i < count; i += kThreads) {
      const LinePoint at = line_point(i, lines, plan.v.step, channels_contiguous);
      const int c = at.channel;
      const int v = at.point;
      const int line = at.line;
      const int channel = block.y * kChannelGroup + c;
      const int u_out = place.u + block.z * chunk() + line;
      const int v_out = place.v + v;
      if (channel >= plan.out_channels || u_out >= plan.u.points || v_out >= plan.v.points)
        continue;
      const int first = line * plan.bins_v * 2 * kChannelGroup + c;
      const float sum = line_sum(half_done + first, v);
      const float value = finish(sum, place.image, channel, u_out, v_out);
      most = Largest{}(most, value);
    }
    return most;
  }

  // The real value at position v of a line whose frequencies beyond v.tile/2 are conjugates.
  DND_HD float line_sum(const float* frequencies, int v) const {
    const Complex* roots_v = roots + plan.u.tile;
    float sum = 0.0F;
    int root = 0;
    for (int bin = 0; bin < plan.bins_v; ++bin) {
      const int from = bin * 2 * kChannelGroup;
      const float term = frequencies[from] * roots_v[root].real -
                         frequencies[from + kChannelGroup] * roots_v[root].imaginary;
      sum += bin == 0 || bin == plan.bins_v - 1 ? term : 2.0F * term;
      root += v;
      if (root >= plan.v.tile) root -= plan.v.tile;
    }
    return sum;
  }

  DND_HD float finish(float sum, int image, int channel, int u, int v) const {
    const Epilogue& e = epilogue;
    const std::int64_t at = image * strides.image + channel * strides.channel +
                            u * plan.stride_u(strides) + v * plan.stride_v(strides);
    const int of_input = range_exponent(largest[image], plan.log2_area);
    float value = sum / static_cast<float>(plan.u.tile * plan.v.tile);
    value = value * power_of_two(-exponents[channel]) * power_of_two(-of_input);
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
