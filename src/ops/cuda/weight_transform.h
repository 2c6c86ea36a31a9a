// Kernels of a convolution -> their conjugated frequencies, as fp16 in the layout of the product.
#pragma once

#include <cmath>

#include "ops/cuda/conv_plan.h"
#include "ops/cuda/phases.h"

namespace dnd::ops::cuda {

// For each output channel the exponent e of its scale 2^e: the largest sum of magnitudes of a
// kernel, which bounds its frequencies, times 2^e is at most 2^15. A block takes one output
// channel.
struct WeightScales {
  static constexpr const char* kName = "weight scales";
  static constexpr int kThreads = kBlockThreads;
  static constexpr int kPhases = 3;

  const float* weights = nullptr;  // (outputs, in_channels, area)
  int* exponents = nullptr;        // (outputs)
  int outputs = 0;
  int in_channels = 0;
  int area = 0;

  Grid grid() const { return {outputs, 1, 1}; }
  std::size_t shared_floats() const { return kFoldFloats; }
  DND_HD int phases() const { return kPhases; }

  DND_HD void run(int phase, const Block& block, int thread, float* shared) const {
    switch (phase) {
      case 0:
        shared[thread] = largest_sum(block, thread);
        break;
      case 1:
        fold_to_partials(thread, shared, Largest{});
        break;
      default:
        if (thread == 0) {
          exponents[block.x] = range_exponent(magnitude_bits(folded(shared, Largest{})), 0);
        }
        break;
    }
  }

 private:
  DND_HD float largest_sum(const Block& block, int thread) const {
    float most = 0.0F;
    for (int in = thread; in < in_channels; in += kThreads) {
      const float* kernel = weights + (std::int64_t{block.x} * in_channels + in) * area;
      float sum = 0.0F;
      for (int i = 0; i < area; ++i) sum += std::fabs(kernel[i]);
      most = Largest{}(most, sum);
    }
    return most;
  }
};

// A block takes one output channel (x) and a group of input channels (y). Input channels beyond the
// true ones get zeros; output channels beyond them are not touched.
struct WeightTransform {
  static constexpr const char* kName = "weight transform";
  static constexpr int kThreads = kBlockThreads;
  static constexpr int kPhases = 3;

  ConvPlan plan;
  const float* weights =
      nullptr;  // (outputs, in_channels, rows, columns): some of the output channels
  const int* exponents = nullptr;  // (outputs): of the same channels
  const Complex* roots = nullptr;  // e^(i 2 pi n / tile): u.tile of u, then v.tile of v
  std::uint16_t* out = nullptr;    // W
  int first_output = 0;            // the channel that weights[0] belongs to
  int outputs = 0;

  Grid grid() const { return {outputs, pieces(plan.padded_in, kChannelGroup), 1}; }
  std::size_t shared_floats() const {
    const int half_done = plan.kernel * plan.bins_v * 2 * kChannelGroup;
    return static_cast<std::size_t>(kernel_floats()) + static_cast<std::size_t>(half_done);
  }
  DND_HD int phases() const { return kPhases; }

  DND_HD void run(int phase, const Block& block, int thread, float* shared) const {
    float* half_done = shared + kernel_floats();  // [tap of u][bin of v][part][channel]
    switch (phase) {
      case 0:
        load(block, thread, shared);
        break;
      case 1:
        transform_v(thread, shared, half_done);
        break;
      default:
        transform_u(block, thread, half_done);
        break;
    }
  }

 private:
  DND_HD int kernel_floats() const { return kChannelGroup * plan.kernel * plan.kernel; }

  // kernels[channel][row][column]; an odd area keeps channels in different banks.
  DND_HD void load(const Block& block, int thread, float* kernels) const {
    const int area = plan.kernel * plan.kernel;
    const int first_in = block.y * kChannelGroup;
    const std::int64_t first = std::int64_t{block.x} * plan.in_channels + first_in;
    for (int i = thread; i < kernel_floats(); i += kThreads) {
      const bool inside = first_in + i / area < plan.in_channels;
      kernels[i] = inside ? weights[first * area + i] : 0.0F;
    }
  }

  DND_HD void transform_v(int thread, const float* kernels, float* half_done) const {
    const Complex* roots_v = roots + plan.u.tile;
    const int area = plan.kernel * plan.kernel;
    const int step_u = plan.v_is_rows ? 1 : plan.kernel;
    const int step_v = plan.v_is_rows ? plan.kernel : 1;
    const int count = plan.kernel * plan.bins_v * kChannelGroup;
    for (int i = thread; i < count; i += kThreads) {
      const int c = i % kChannelGroup;
      const int bin = i / kChannelGroup % plan.bins_v;
      const int tap = i / kChannelGroup / plan.bins_v;
      float real = 0.0F;
      float imaginary = 0.0F;
      for (int v = 0; v < plan.kernel; ++v) {
        const Complex w = roots_v[v * bin % plan.v.tile];
        const float value = kernels[c * area + tap * step_u + v * step_v];
        real += value * w.real;
        imaginary += value * w.imaginary;
      }
      const int to = (tap * plan.bins_v + bin) * 2 * kChannelGroup + c;
      half_done[to] = real;
      half_done[to + kChannelGroup] = imaginary;
    }
  }

  DND_HD void transform_u(const Block& block, int thread, const float* half_done) const {
    const float scale = power_of_two(exponents[block.x]);
    const int count = plan.bins * kChannelGroup;
    for (int i = thread; i < count; i += kThreads) {
      const int c = i % kChannelGroup;
      const int bin = i / kChannelGroup;
      const int frequency = bin % plan.u.tile;
      const int in = block.y * kChannelGroup + c;
      if (in >= plan.padded_in) continue;
      float real = 0.0F;
      float imaginary = 0.0F;
      for (int tap = 0; tap < plan.kernel; ++tap) {
        const int from = (tap * plan.bins_v + bin / plan.u.tile) * 2 * kChannelGroup + c;
        const float a = half_done[from];
        const float b = half_done[from + kChannelGroup];
        const Complex w = roots[tap * frequency % plan.u.tile];
        real += a * w.real - b * w.imaginary;
        imaginary += b * w.real + a * w.imaginary;
      }
      const int output = first_output + block.x;
      out[plan.weight_index(bin, 0, output, in)] = to_half(real * scale);
      out[plan.weight_index(bin, 1, output, in)] = to_half(imaginary * scale);
    }
  }
};

}  // namespace dnd::ops::cuda
