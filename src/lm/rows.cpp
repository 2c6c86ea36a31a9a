#include "lm/rows.h"

#include <ATen/ops/empty_like.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace dnd::lm {
namespace {

// In eight parts, so that the compiler can use vectors without changing the order of the sum.
float sum_of_squares(const float* x, std::int64_t count) {
  constexpr std::int64_t kParts = 8;
  std::array<float, kParts> sums{};
  std::int64_t i = 0;
  for (; i + kParts <= count; i += kParts) {
    for (std::int64_t k = 0; k < kParts; ++k)
      sums[static_cast<std::size_t>(k)] += x[i + k] * x[i + k];
  }
  for (; i < count; ++i) sums[0] += x[i] * x[i];
  return std::accumulate(sums.begin(), sums.end(), 0.0F);
}

void norm_row(const float* x, const float* weight, std::int64_t count, double epsilon, float* out) {
  const double mean = static_cast<double>(sum_of_squares(x, count)) / static_cast<double>(count);
  const auto factor = static_cast<float>(1.0 / std::sqrt(mean + epsilon));
  for (std::int64_t i = 0; i < count; ++i) out[i] = weight[i] * (x[i] * factor);
}

}  // namespace

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double epsilon) {
  at::Tensor out = at::empty_like(x);
  const std::int64_t count = weight.numel();
  const std::int64_t rows = x.numel() / count;
  for (std::int64_t row = 0; row < rows; ++row) {
    norm_row(x.const_data_ptr<float>() + row * count, weight.const_data_ptr<float>(), count,
             epsilon, out.mutable_data_ptr<float>() + row * count);
  }
  return out;
}

void rms_norm_rows(float* x, std::int64_t rows, const at::Tensor& weight, double epsilon) {
  const std::int64_t count = weight.numel();
  for (std::int64_t row = 0; row < rows; ++row, x += count) {
    norm_row(x, weight.const_data_ptr<float>(), count, epsilon, x);
  }
}

RotaryTable::RotaryTable(const std::vector<float>& frequencies, float scale, std::int64_t length)
    : half_(static_cast<std::int64_t>(frequencies.size())), length_(length) {
  for (std::int64_t position = 0; position < length; ++position) {
    for (const float frequency : frequencies) {
      const float angle = static_cast<float>(position) * frequency;
      cosines_.push_back(std::cos(angle) * scale);
      sines_.push_back(std::sin(angle) * scale);
    }
  }
}

void RotaryTable::turn(float* head, std::int64_t position) const {
  const float* cosines = cosines_.data() + position * half_;
  const float* sines = sines_.data() + position * half_;
  for (std::int64_t i = 0; i < half_; ++i) {
    const float first = head[i];
    const float second = head[i + half_];
    head[i] = first * cosines[i] - second * sines[i];
    head[i + half_] = second * cosines[i] + first * sines[i];
  }
}

}  // namespace dnd::lm
