// The form of every kernel here: phases with a barrier after each. A kernel is a struct of
// parameters with
//   static constexpr const char* kName; static constexpr int kThreads;
//   Grid grid() const; std::size_t shared_floats() const; int phases() const;
//   DND_HD void run(int phase, const Block& block, int thread, float* shared) const;
// The number of phases is the same for all threads, only shared and global memory lives from one
// phase to the next, and within a phase no thread reads what another one writes. So a device runs
// the phases with __syncthreads() between them, and a CPU runs them thread after thread in any
// order: the host twin is the same code with the same indices, and its bytes do not depend on that
// order.
#pragma once

#include "ops/cuda/host_device.h"

namespace dnd::ops::cuda {

// Threads of every kernel.
constexpr int kBlockThreads = 256;

// Channels that a block handles side by side, or the most of them: 16 fp16 values are one 32-byte sector.
constexpr int kChannelGroup = 16;

// Value i of some lines of `length` points and `channels` channels, with the channels or the points side by
// side.
struct LinePoint {
  int line;
  int point;
  int channel;
};
DND_HD inline LinePoint line_point(int i, int lines, int length, int channels,
                                   bool channels_contiguous) {
  const int rest = channels_contiguous ? i / channels : i % (length * lines);
  return {rest / length, rest % length, channels_contiguous ? i % channels : i / (length * lines)};
}

// Reduces values[0 .. kBlockThreads - 1], one from each thread, in two phases: kFoldThreads partial
// results, then one. The order of the operations is fixed.
constexpr int kFoldThreads = 16;
constexpr int kFoldFloats = kBlockThreads + kFoldThreads;

struct Sum {
  DND_HD float operator()(float a, float b) const { return a + b; }
};
// Of magnitudes; a NaN stays, as in the order of magnitude_bits().
struct Largest {
  DND_HD float operator()(float a, float b) const {
    return magnitude_bits(a) < magnitude_bits(b) ? b : a;
  }
};

template <typename Operation>
DND_HD void fold_to_partials(int thread, float* values, Operation operation) {
  constexpr int kEach = kBlockThreads / kFoldThreads;
  if (thread >= kFoldThreads) return;
  const int first = thread * kEach;
  float result = values[first];
  for (int i = 1; i < kEach; ++i) result = operation(result, values[first + i]);
  values[kBlockThreads + thread] = result;
}

// The result of the partials, which every thread may read in the phase after fold_to_partials().
template <typename Operation>
DND_HD float folded(const float* values, Operation operation) {
  float result = values[kBlockThreads];
  for (int i = 1; i < kFoldThreads; ++i) result = operation(result, values[kBlockThreads + i]);
  return result;
}

}  // namespace dnd::ops::cuda
