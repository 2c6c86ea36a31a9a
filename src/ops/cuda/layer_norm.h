// LayerNorm over all values of a row, with weights and biases of a value each; eps as given.
#pragma once

#include <cmath>

#include "ops/cuda/phases.h"

namespace dnd::ops::cuda {

DND_HD inline float normalized(float x, float mean, float scale, float weight, float bias) {
  return (x - mean) * scale * weight + bias;
}

// What is needed to normalise x (rows, size), contiguous; a ForwardTransform does it as it reads. A
// block takes one row. Rows of an image are consecutive, and the largest magnitude of an image's
// results goes to largest[image] (bits, joined by atomic_max).
struct LayerNorm {
  static constexpr const char* kName = "layer norm";
  static constexpr int kThreads = kBlockThreads;
  static constexpr int kPhases = 9;

  const float* x = nullptr;
  const float* weight = nullptr;  // (size)
  const float* bias = nullptr;    // (size)
  float* statistics = nullptr;    // (rows, 2): mean, and one over the standard deviation
  std::uint32_t* largest = nullptr;
  int rows = 0;
  int rows_per_image = 0;
  std::int64_t size = 0;
  float epsilon = 0.0F;

  Grid grid() const { return {rows, 1, 1}; }
  std::size_t shared_floats() const { return kFoldFloats + 2; }
  DND_HD int phases() const { return kPhases; }

  DND_HD void run(int phase, const Block& block, int thread, float* shared) const {
    float& mean = shared[kFoldFloats];
    float& scale = shared[kFoldFloats + 1];
    const float* row = x + block.x * size;
    const auto count = static_cast<float>(size);
    switch (phase) {
      case 0:
        shared[thread] = sum(row, thread);
        break;
      case 1:
        fold_to_partials(thread, shared, Sum{});
        break;
      case 2:
        if (thread == 0) mean = folded(shared, Sum{}) / count;
        break;
      case 3:
        shared[thread] = sum_of_squares(row, mean, thread);
        break;
      case 4:
        fold_to_partials(thread, shared, Sum{});
        break;
      case 5:
        if (thread == 0) scale = 1.0F / std::sqrt(folded(shared, Sum{}) / count + epsilon);
        break;
      case 6:
        shared[thread] = largest_result(row, mean, scale, thread);
        break;
      case 7:
        fold_to_partials(thread, shared, Largest{});
        break;
      default:
        if (thread == 0) {
          float* of_row = statistics + std::int64_t{block.x} * 2;
          of_row[0] = mean;
          of_row[1] = scale;
          atomic_max(&largest[block.x / rows_per_image], magnitude_bits(folded(shared, Largest{})));
        }
        break;
    }
  }

 private:
  DND_HD float sum(const float* row, int thread) const {
    float total = 0.0F;
    for (std::int64_t i = thread; i < size; i += kThreads) total += row[i];
    return total;
  }

  DND_HD float sum_of_squares(const float* row, float mean, int thread) const {
    float total = 0.0F;
    for (std::int64_t i = thread; i < size; i += kThreads) {
      total += (row[i] - mean) * (row[i] - mean);
    }
    return total;
  }

  DND_HD float largest_result(const float* row, float mean, float scale, int thread) const {
    float most = 0.0F;
    for (std::int64_t i = thread; i < size; i += kThreads) {
      most = Largest{}(most, normalized(row[i], mean, scale, weight[i], bias[i]));
    }
    return most;
  }
};

}  // namespace dnd::ops::cuda
