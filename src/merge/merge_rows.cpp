#include "merge/merge_rows.h"

#include <array>
#include <cmath>
#include <vector>

#include "base/strings.h"
#include "merge/add_low_rank.h"

namespace dnd::merge {
namespace {

using adapter::LoraPair;

// The product that is added to some rows of a weight, as LowRankUpdate wants it: R rows as long as
// the weight's and, for each of its rows, R factors.
struct Operands {
  std::vector<float> storage;  // of `long_rows` that do not stand in the adapter as they are
  std::vector<const float*> long_rows;
  std::vector<float> factors;  // (count, R)
};

float scaled(const MergeTerm& term, float value) {
  return static_cast<float>(term.scale * static_cast<double>(value));
}

// W (out, in): the rows of A of all terms one below the other, scale * B of all terms side by side.
Operands plain_operands(const MergeTarget& target, std::int64_t first, std::int64_t count) {
  Operands operands;
  for (const MergeTerm& term : target.terms) {
    for (std::int64_t r = 0; r < term.pair->rank; ++r) {
      operands.long_rows.push_back(term.pair->a.data() + r * term.pair->in);
    }
  }
  for (std::int64_t row = first; row < first + count; ++row) {
    for (const MergeTerm& term : target.terms) {
      const float* b = term.pair->b.data() + row * term.pair->rank;
      for (std::int64_t r = 0; r < term.pair->rank; ++r) {
        operands.factors.push_back(scaled(term, b[r]));
      }
    }
  }
  return operands;
}

// W (in, out): the columns of scale * B one below the other, the columns of A side by side.
Operands transposed_operands(const MergeTarget& target, std::int64_t first, std::int64_t count) {
  Operands operands;
  std::size_t rank = 0;
  for (const MergeTerm& term : target.terms) {
    const LoraPair& pair = *term.pair;
    for (std::int64_t r = 0; r < pair.rank; ++r, ++rank) {
      for (std::int64_t o = 0; o < pair.out; ++o) {
        operands.storage.push_back(
            scaled(term, pair.b[static_cast<std::size_t>(o * pair.rank + r)]));
      }
    }
  }
  for (std::size_t r = 0; r < rank; ++r) {
    operands.long_rows.push_back(operands.storage.data() + r * (operands.storage.size() / rank));
  }
  for (std::int64_t row = first; row < first + count; ++row) {
    for (const MergeTerm& term : target.terms) {
      for (std::int64_t r = 0; r < term.pair->rank; ++r) {
        operands.factors.push_back(term.pair->a[static_cast<std::size_t>(r * term.pair->in + row)]);
      }
    }
  }
  return operands;
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
  const std::int64_t columns = target.transposed ? pair.out : pair.in;
  const std::size_t row_bytes = static_cast<std::size_t>(columns) * dtype_bits(weight.dtype) / 8;
  if (row_bytes == 0) return;
  const auto count = static_cast<std::int64_t>(rows.size() / row_bytes);
  const Operands operands = target.transposed ? transposed_operands(target, first_row, count)
                                              : plain_operands(target, first_row, count);
  const LowRankUpdate update{count, columns, operands.long_rows, operands.factors};
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
