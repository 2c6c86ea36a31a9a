#include "ops/cpu/dft_tables.h"

#include <cmath>
#include <numbers>

namespace dnd::ops {
namespace {

double angle(std::int64_t size, std::int64_t q, std::int64_t n) {
  return 2.0 * std::numbers::pi * static_cast<double>(q * n % size) / static_cast<double>(size);
}

// Rows q = 0..rows-1, terms n = first, first + 2, ... below `end`.
template <typename Function>
std::vector<float> every_second(const DftTables& t, std::int64_t first, std::int64_t end,
                                Function function) {
  std::vector<float> values;
  for (std::int64_t q = 0; q < t.rows; ++q) {
    for (std::int64_t n = first; n < end; n += 2) {
      values.push_back(static_cast<float>(function(angle(t.size, q, n))));
    }
  }
  return values;
}

}  // namespace

DftTables::DftTables(std::int64_t of_size)
    : size(of_size),
      half(of_size / 2),
      rows(of_size / 4 + 1),
      cos_evens(half / 2 + 1),
      cos_odds((half + 1) / 2),
      sin_evens((half - 1) / 2),
      sin_odds(half / 2) {
  const auto cosine = [](double a) { return std::cos(a); };
  const auto sine = [](double a) { return std::sin(a); };
  cos_even = every_second(*this, 0, half + 1, cosine);
  cos_odd = every_second(*this, 1, half + 1, cosine);
  sin_even = every_second(*this, 2, half, sine);
  sin_odd = every_second(*this, 1, half, sine);
}

KernelTables::KernelTables(std::int64_t size, std::int64_t of_terms) : terms(of_terms) {
  for (std::int64_t q = 0; q <= size / 2; ++q) {
    for (std::int64_t n = 0; n < terms; ++n) {
      cosines.push_back(static_cast<float>(std::cos(angle(size, q, n))));
      sines.push_back(static_cast<float>(std::sin(angle(size, q, n))));
    }
  }
}

}  // namespace dnd::ops
