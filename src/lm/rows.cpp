#include "lm/rows.h"

#include <ATen/ops/empty_like.h>

#include <algorithm>
#include <cmath>

#include "ops/cpu/normalize_rows.h"
#include "ops/pieces.h"

namespace dnd::lm {
namespace {

// Rows that are worth a thread's waking.
constexpr std::int64_t kRowRun = 16;

}  // namespace

void for_rows(const ops::Workers& workers, std::int64_t rows,
              const std::function<void(std::int64_t first, std::int64_t count)>& fn) {
  if (rows <= kRowRun) {
    if (rows > 0) fn(0, rows);
    return;
  }
  workers.run(ops::pieces(rows, kRowRun),
              [&](std::int64_t i) { fn(i * kRowRun, std::min(kRowRun, rows - i * kRowRun)); });
}

at::Tensor rms_norm(const ops::Workers& workers, const at::Tensor& x, const at::Tensor& weight,
                    double epsilon) {
  at::Tensor out = at::empty_like(x);
  const std::int64_t width = weight.numel();
  const ops::cpu::RowNorm norm = {width, weight.const_data_ptr<float>(), nullptr,
                                  static_cast<float>(epsilon)};
  const auto* from = x.const_data_ptr<float>();
  auto* to = out.mutable_data_ptr<float>();
  for_rows(workers, x.numel() / width, [&](std::int64_t first, std::int64_t count) {
    ops::cpu::normalize_rows(norm, from + first * width, count, to + first * width);
  });
  return out;
}

void rms_norm_rows(float* x, std::int64_t rows, const at::Tensor& weight, double epsilon) {
  ops::cpu::normalize_rows(
      {weight.numel(), weight.const_data_ptr<float>(), nullptr, static_cast<float>(epsilon)}, x,
      rows, x);
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
