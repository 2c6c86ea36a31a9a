// Planes -> frequencies of all tiles, as fp16 in the layout of the product.
#pragma once

#include "ops/cuda/conv_plan.h"
#include "ops/cuda/phases.h"

namespace dnd::ops::cuda {

// A block takes one tile (x), a group of channels (y) and some frequencies of v (z). It loads a few
// lines along v at a time, transforms each, and when all lines are there transforms along u. What
// lies beside the plane and beyond the channels is zero.
struct ForwardTransform {
  static constexpr const char* kName = "forward transform";
  static constexpr int kThreads = kBlockThreads;
  static constexpr int kLines = 4;                       // loaded at a time
  static constexpr int kLineStride = kChannelGroup + 1;  // no two of 32 banks meet

  ConvPlan plan;
  const float* x = nullptr;  // images x channels x rows x columns by these strides
  Strides strides;
  const std::uint32_t* largest = nullptr;  // (images): bits of the largest magnitude of x
  const Complex* roots = nullptr;          // e^(i 2 pi n / tile): u.tile of u, then v.tile of v
  std::uint16_t* out = nullptr;            // X
  bool channels_contiguous = false;  // else v, as the order of loading: results do not depend on it

  // Frequencies of v that a block takes: their half-done values fill what lines leave of the
  // memory.
  DND_HD int chunk() const {
    constexpr int kFloats = 7680;
    const int most = kFloats / (plan.u.tile * 2 * kChannelGroup);
    return most < plan.bins_v ? most : plan.bins_v;
  }
  Grid grid() const {
    return {plan.tiles, pieces(plan.padded_in, kChannelGroup), pieces(plan.bins_v, chunk())};
  }
  std::size_t shared_floats() const {
    const int half_done = plan.u.tile * chunk() * 2 * kChannelGroup;
    return static_cast<std::size_t>(line_floats()) + static_cast<std::size_t>(half_done);
  }
  DND_HD int phases() const { return 2 * pieces(plan.u.tile, kLines) + 1; }

  DND_HD void run(int phase, const Block& block, int thread, float* shared) const {
    float* half_done = shared + line_floats();  // [u][bin of the chunk][part][channel]
    if (phase == phases() - 1) {
      transform_u(block, thread, half_done);
    } else if (phase % 2 == 0) {
      load(block, phase / 2 * kLines, thread, shared);
    } else {
      transform_v(block, phase / 2 * kLines, thread, shared, half_done);
    }
  }

 private:
  DND_HD int line_floats() const { return kLines * plan.v.tile * kLineStride; }
  DND_HD int bins_of(const Block& block) const {
    const int left = plan.bins_v - block.z * chunk();
    return left < chunk() ? left : chunk();
  }
  DND_HD float scale_of(int image) const {
    return power_of_two(range_exponent(largest[image], plan.log2_area));
  }

  // lines[line][v][channel] of the lines first_u ... first_u + kLines - 1.
  DND_HD void load(const Block& block, int first_u, int thread, float* lines) const {
    const TilePlace place = place_of(plan, block.x);
    const float scale = scale_of(place.image);
    const float* image = x + place.image * strides.image;
    const int count = kLines * plan.v.tile * kChannelGroup;
    for (int i = thread; i < count; i += kThreads) {
      const LinePoint at = line_point(i, kLines, plan.v.tile, channels_contiguous);
      const int c = at.channel;
      const int v = at.point;
      const int line = at.line;
      const int channel = block.y * kChannelGroup + c;
      const int u_in = place.u + first_u + line - plan.kernel / 2;
      const int v_in = place.v + v - plan.kernel / 2;
      const bool inside = channel < plan.in_channels && u_in >= 0 && u_in < plan.u.points &&
                          v_in >= 0 && v_in < plan.v.points && first_u + line < plan.u.tile;
      float value = 0.0F;
      if (inside) {
        value = image[channel * strides.channel + u_in * plan.stride_u(strides) +
                      v_in * plan.stride_v(strides)];
      }
      lines[(line * plan.v.tile + v) * kLineStride + c] = value * scale;
    }
  }

  DND_HD void transform_v(const Block& block, int first_u, int thread, const float* lines,
                          float* half_done) const {
    const Complex* roots_v = roots + plan.u.tile;
    const int chunk_v = chunk();
    const int bins = bins_of(block);
    const int left = plan.u.tile - first_u;
    const int count = (left < kLines ? left : kLines) * bins * kChannelGroup;
    for (int i = thread; i < count; i += kThreads) {
      const int c = i % kChannelGroup;
      const int bin = i / kChannelGroup % bins;
      const int line = i / kChannelGroup / bins;
      const int frequency = block.z * chunk_v + bin;
      const int from = line * plan.v.tile * kLineStride + c;
      float real = 0.0F;
      float imaginary = 0.0F;
      int root = 0;
      for (int v = 0; v < plan.v.tile; ++v) {
        const float value = lines[from + v * kLineStride];
        real += value * roots_v[root].real;
        imaginary -= value * roots_v[root].imaginary;
        root += frequency;
        if (root >= plan.v.tile) root -= plan.v.tile;
      }
      const int to = ((first_u + line) * chunk_v + bin) * 2 * kChannelGroup + c;
      half_done[to] = real;
      half_done[to + kChannelGroup] = imaginary;
    }
  }

  DND_HD void transform_u(const Block& block, int thread, const float* half_done) const {
    const int chunk_v = chunk();
    const int count = bins_of(block) * plan.u.tile * kChannelGroup;
    for (int i = thread; i < count; i += kThreads) {
      const int c = i % kChannelGroup;
      const int frequency = i / kChannelGroup % plan.u.tile;
      const int bin = i / kChannelGroup / plan.u.tile;
      const int channel = block.y * kChannelGroup + c;
      if (channel >= plan.padded_in) continue;
      float real = 0.0F;
      float imaginary = 0.0F;
      int root = 0;
      for (int u = 0; u < plan.u.tile; ++u) {
        const int from = (u * chunk_v + bin) * 2 * kChannelGroup + c;
        const float a = half_done[from];
        const float b = half_done[from + kChannelGroup];
        const Complex w = roots[root];
        real += a * w.real + b * w.imaginary;
        imaginary += b * w.real - a * w.imaginary;
        root += frequency;
        if (root >= plan.u.tile) root -= plan.u.tile;
      }
      const int to = (block.z * chunk_v + bin) * plan.u.tile + frequency;
      out[plan.input_index(to, 0, block.x, channel)] = to_half(real);
      out[plan.input_index(to, 1, block.x, channel)] = to_half(imaginary);
    }
  }
};

}  // namespace dnd::ops::cuda
