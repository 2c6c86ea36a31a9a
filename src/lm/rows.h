// What is done to rows of activations between matrix products. A row's result depends on that row alone.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "ops/workers.h"

namespace dnd::lm {

// Calls fn(first, count) for runs of rows 0 ... rows - 1 on all workers; few rows on the calling thread.
void for_rows(const ops::Workers& workers, std::int64_t rows,
              const std::function<void(std::int64_t first, std::int64_t count)>& fn);

// x / sqrt(mean(x^2) + epsilon) * weight over rows of weight.numel() values; x contiguous.
at::Tensor rms_norm(const ops::Workers& workers, const at::Tensor& x, const at::Tensor& weight,
                    double epsilon);

// The same in place, on `rows` rows.
void rms_norm_rows(float* x, std::int64_t rows, const at::Tensor& weight, double epsilon);

// Cosines and sines of the rotary positions 0 ... length - 1, each times `scale`.
class RotaryTable {
 public:
  RotaryTable() = default;
  RotaryTable(const std::vector<float>& frequencies, float scale, std::int64_t length);

  std::int64_t length() const { return length_; }
  // (length, F)
  const std::vector<float>& cosines() const { return cosines_; }
  const std::vector<float>& sines() const { return sines_; }
  // Turns the first 2 F values of one head in place, F the number of frequencies: the pairs are
  // (i, i + F), as in the Hugging Face layout.
  void turn(float* head, std::int64_t position) const;

 private:
  std::int64_t half_ = 0;  // F
  std::int64_t length_ = 0;
  std::vector<float> cosines_, sines_;  // (length, F)
};

}  // namespace dnd::lm
