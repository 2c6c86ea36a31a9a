#include "merge/merge_rows.h"

#include <array>
#include <cmath>
#include <vector>

#include "base/strings.h"
#include "merge/add_low_rank.h"

namespace dnd::merge {
namespace {

using adapter::LoraPair;

// The rows of A of all terms, one below the other.
std::vector<const float*> stacked_a(const MergeTarget& target) {
  std::vector<const float*> rows;
  for (const MergeTerm& term : target.terms) {
    for (std::int64_t r = 0; r < term.pair->rank; ++r) {
      rows.push_back(term.pair->a.data() + r * term.pair->in);
    }
  }
  return rows;
}

// (count, sum of ranks): rows first.. of all terms' scale * B, side by side.
std::vector<float> stacked_b(const MergeTarget& target, std::int64_t first, std::int64_t count) {
  std::vector<float> stacked;
  for (std::int64_t row = first; row < first + count; ++row) {
    for (const MergeTerm& term : target.terms) {
      const float* b = term.pair->b.data() + row * term.pair->rank;
      for (std::int64_t r = 0; r < term.pair->rank; ++r) {
        stacked.push_back(static_cast<float>(term.scale * static_cast<double>(b[r])));
      }
    }
  }
  return stacked;
}

// In eight sums, so that the order of additions is ours and not the compiler's.
double norm(std::span<const float> row) {
  std::array<double, 8> sums{};
  for (std::size_t i = 0; i < row.size(); ++i) {
    sums[i % sums.size()] += static_cast<double>(row[i]) * static_cast<double>(row[i]);
  }
  double sum = 0.0;
  for (const double part : sums) sum += part;
  return std::sqrt(sum);
}

// DoRA, in fp32 as PEFT does it (tuners/lora/variants.py, DoraLinearVariant.merge_unsafe).
bool merge_dora(Dtype dtype, const LowRankUpdate& update, std::span<const float> magnitude,
                std::span<std::byte> rows) {
  const auto columns = static_cast<std::size_t>(update.columns);
  std::vector<float> values(static_cast<std::size_t>(update.rows) * columns);
  to_f32(dtype, rows, values);
  if (!add_low_rank(Dtype::f32, std::as_writable_bytes(std::span(values)), update)) return false;
  for (std::size_t row = 0; row < magnitude.size(); ++row) {
    const auto values_of_row = std::span(values).subspan(row * columns, columns);
    const float factor = magnitude[row] / static_cast<float>(norm(values_of_row));
    for (float& value : values_of_row) value *= factor;
  }
  if (first_not_finite(dtype, values)) return false;
  from_f32(dtype, values, rows);
  return true;
}

}  // namespace

void merge_rows(const Weight& weight, const MergeTarget& target, std::int64_t first_row,
                std::span<std::byte> rows) {
  const LoraPair& pair = *target.terms.at(0).pair;
  const std::size_t row_bytes = static_cast<std::size_t>(pair.in) * dtype_bits(weight.dtype) / 8;
  if (row_bytes == 0) return;
  const auto count = static_cast<std::int64_t>(rows.size() / row_bytes);
  const std::vector<const float*> a = stacked_a(target);
  const std::vector<float> b = stacked_b(target, first_row, count);
  const LowRankUpdate update{count, pair.in, a, b};
  bool finite = false;
  if (pair.magnitude.empty()) {
    finite = add_low_rank(weight.dtype, rows, update);
  } else {
    const auto magnitude =
        std::span(pair.magnitude)
            .subspan(static_cast<std::size_t>(first_row), static_cast<std::size_t>(count));
    finite = merge_dora(weight.dtype, update, magnitude, rows);
  }
  if (finite) return;
  fail(ErrorKind::data, "merge: tensor '", printable(weight.name), "': rows ", first_row, " to ",
       first_row + count - 1, ": a result is not finite as ", dtype_name(weight.dtype),
       " (base or adapter damaged, or a weight too large)");
}

}  // namespace dnd::merge
