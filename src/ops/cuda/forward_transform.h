// Planes -> frequencies of all tiles, as fp16 in the layout of the product.
#pragma once

#include "ops/cuda/conv_plan.h"
#include "ops/cuda/layer_norm.h"
#include "ops/cuda/phases.h"
#include "ops/cuda/tile_memory.h"

namespace dnd::ops::cuda {

// LayerNorm on the way in: x' is what the kernel LayerNorm describes; or x' = x.
struct Normalization {
  const float* statistics = nullptr;  // of LayerNorm, or none
  Strides row;  // of its rows: how far they go on with an image, a channel, a row and a column
  const float* weight = nullptr;
  const float* bias = nullptr;
  Strides value;  // of both; .image is not used
};

// A block takes one tile (x) and a group of channels (y). It loads the lines along v, transforms each, and
// then transforms along u. What lies beside the plane and beyond the channels is zero.
struct ForwardTransform {
  static constexpr const char* kName = "forward transform";
  static constexpr int kThreads = kBlockThreads;
  static constexpr int kPhases = 3;

  ConvPlan plan;
  const float* x = nullptr;  // images x channels x rows x columns by these strides
  Strides strides;
  const std::uint32_t* largest = nullptr;  // (images): bits of the largest magnitude of x'
  std::uint16_t* out = nullptr;            // X
  bool channels_contiguous = false;  // else v, as the order of loading: results do not depend on it
  Normalization norm;

  Grid grid() const { return {plan.tiles, pieces(plan.padded_in, tile_memory(plan).channels), 1}; }
  std::size_t shared_floats() const {
    return static_cast<std::size_t>(tile_memory(plan).floats(plan.u.tile));
  }
  DND_HD int phases() const { return kPhases; }

  DND_HD void run(int phase, const Block& block, int thread, float* shared) const {
    run_up_to<kMaxTile>(phase, block, thread, shared);
  }
  template <int kMost>
  DND_HD void run_up_to(int phase, const Block& block, int thread, float* shared) const {
    switch (phase) {
      case 0:
        load(block, thread, shared);
        break;
      case 1:
        for_lines<kMost>(plan, plan.u.tile, thread, shared, [](auto tile, float* line) {
          to_frequencies<decltype(tile)::kValue>(line);
        });
        break;
      default:
        with_tile<kMost>(plan.u.tile, [&](auto length) {
          transform_u<decltype(length)::kValue>(block, thread, shared);
        });
        break;
    }
  }

 private:
  DND_HD float value_at(int image, int channel, int u, int v) const {
    const float value = x[image * strides.image + channel * strides.channel +
                          u * plan.stride_u(strides) + v * plan.stride_v(strides)];
    if (norm.statistics == nullptr) return value;
    const float* statistics =
        norm.statistics + 2 * (image * norm.row.image + channel * norm.row.channel +
                               u * plan.stride_u(norm.row) + v * plan.stride_v(norm.row));
    const std::int64_t at = channel * norm.value.channel + u * plan.stride_u(norm.value) +
                            v * plan.stride_v(norm.value);
    return normalized(value, statistics[0], statistics[1], norm.weight[at], norm.bias[at]);
  }

  DND_HD void load(const Block& block, int thread, float* shared) const {
    const TileMemory memory = tile_memory(plan);
    const TilePlace place = place_of(plan, block.x);
    const float scale = power_of_two(range_exponent(largest[place.image], plan.log2_area));
    const int count = plan.u.tile * plan.v.tile * memory.channels;
    for (int i = thread; i < count; i += kThreads) {
      const LinePoint at =
          line_point(i, plan.u.tile, plan.v.tile, memory.channels, channels_contiguous);
      const int channel = block.y * memory.channels + at.channel;
      const int u = place.u + at.line - plan.kernel / 2;
      const int v = place.v + at.point - plan.kernel / 2;
      const bool inside =
          channel < plan.in_channels && u >= 0 && u < plan.u.points && v >= 0 && v < plan.v.points;
      const float value = inside ? value_at(place.image, channel, u, v) : 0.0F;
      shared[memory.line(at.line, at.channel) + at.point] = value * scale;
    }
  }

  template <int kTile>
  DND_HD void transform_u(const Block& block, int thread, const float* shared) const {
    const TileMemory memory = tile_memory(plan);
    for (int i = thread; i < plan.bins_v * memory.channels; i += kThreads) {
      const int c = i % memory.channels;
      const int bin = i / memory.channels;
      const int channel = block.y * memory.channels + c;
      if (channel >= plan.padded_in) continue;
      Points<kTile> points;
      for_constants<kTile>([&](auto u) {
        const float* line = shared + memory.line(u(), c);
        points.real[u()] = line[bin];
        points.imaginary[u()] = line[plan.bins_v + bin];
      });
      transform(points);
      for_constants<kTile>([&](auto frequency) {
        const int to = bin * kTile + frequency();
        out[plan.input_index(to, 0, block.x, channel)] = to_half(points.real[frequency()]);
        out[plan.input_index(to, 1, block.x, channel)] = to_half(points.imaginary[frequency()]);
      });
    }
  }
};

}  // namespace dnd::ops::cuda
