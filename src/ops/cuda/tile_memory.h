// A tile in shared memory: the lines along v of a few channels, one after another. A line's real points and
// its frequencies (real parts, then imaginary parts) have the same place, so that transforms need no other.
#pragma once

#include "ops/cuda/conv_plan.h"
#include "ops/cuda/dft.h"
#include "ops/cuda/phases.h"

namespace dnd::ops::cuda {

struct TileMemory {
  int channels = 0;  // that a block handles side by side
  int stride = 0;    // of a line: odd, so that the lines of channels begin in different banks

  DND_HD int line(int u, int channel) const { return (u * channels + channel) * stride; }
  DND_HD int floats(int lines) const { return lines * channels * stride; }
};

// As many channels as fit: kChannelGroup, or half of it.
DND_HD inline TileMemory tile_memory(const ConvPlan& plan) {
  constexpr int kFloats = static_cast<int>(kMaxSharedBytes / sizeof(float)) - kFoldFloats;
  const TileMemory all{kChannelGroup, plan.v.tile + 3};
  return all.floats(plan.u.tile) <= kFloats ? all : TileMemory{kChannelGroup / 2, all.stride};
}

// function(Constant of the tile's length), for those of kTiles up to kMost. Fewer points need
// fewer registers, so code for short tiles alone lets more blocks run at once.
template <int kMost, typename Function>
DND_HD void with_tile(int tile, const Function& function) {
  for_constants<static_cast<int>(sizeof(kTiles) / sizeof(kTiles[0]))>([&](auto index) {
    constexpr int kTile = kTiles[decltype(index)::kValue];
    if constexpr (kTile <= kMost) {
      if (tile == kTile) function(Constant<kTile>{});
    }
  });
}

// function(Constant of v's tile, line) for each of the first `lines` lines of every channel, shared
// out to the threads.
template <int kMost, typename Function>
DND_HD void for_lines(const ConvPlan& plan, int lines, int thread, float* shared,
                      const Function& function) {
  const TileMemory memory = tile_memory(plan);
  with_tile<kMost>(plan.v.tile, [&](auto tile) {
    for (int i = thread; i < lines * memory.channels; i += kBlockThreads) {
      function(tile, shared + memory.line(0, i));
    }
  });
}

// Real points of a line -> its frequencies, in place; and back.
template <int kTile>
DND_HD void to_frequencies(float* line) {
  constexpr int kBins = kTile / 2 + 1;
  float points[kTile];
  Points<kBins> frequencies;
  for_constants<kTile>([&](auto n) { points[n()] = line[n()]; });
  transform_real<kTile>(points, frequencies);
  for_constants<kBins>([&](auto k) {
    line[k()] = frequencies.real[k()];
    line[kBins + k()] = frequencies.imaginary[k()];
  });
}
template <int kTile>
DND_HD void to_points(float* line) {
  constexpr int kBins = kTile / 2 + 1;
  float points[kTile];
  Points<kBins> frequencies;
  for_constants<kBins>([&](auto k) {
    frequencies.real[k()] = line[k()];
    frequencies.imaginary[k()] = line[kBins + k()];
  });
  transform_real_back<kTile>(frequencies, points);
  for_constants<kTile>([&](auto n) { line[n()] = points[n()]; });
}

}  // namespace dnd::ops::cuda
