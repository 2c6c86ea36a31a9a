// Coefficients of short discrete Fourier transforms that use every symmetry of cosines and sines.
#pragma once

#include <cstdint>
#include <vector>

namespace dnd::ops {

// For an even size t, with b = 2 pi / t, of inputs e[0..t/2] and o[1..t/2-1] the sums
//   C[q] = sum_n e[n] cos(b q n)      S[q] = sum_n o[n] sin(b q n)        q = 0..t/2
// The sums over even and odd n give two outputs each, q and t/2 - q: cos(b (t/2-q) n) is
// (-1)^n cos(b q n), the sine's sign is the opposite. So rows q = 0..t/4 are kept, even and odd apart.
// With e[n] = x[n] + x[t-n] and o[n] = x[n] - x[t-n] the transform of x is C[q] - i S[q] at q and
// C[q] + i S[q] at t - q: t/4 + 1 multiplications for a value, a quarter of the plain sum's.
struct DftTables {
  explicit DftTables(std::int64_t size);

  std::int64_t size;
  std::int64_t half;                                      // t/2
  std::int64_t rows;                                      // t/4 + 1
  std::int64_t cos_evens, cos_odds, sin_evens, sin_odds;  // terms a row has
  std::vector<float> cos_even, cos_odd;  // (rows, terms): n = 0, 2, 4 ... and 1, 3, 5 ...
  std::vector<float> sin_even, sin_odd;  // (rows, terms): n = 2, 4, 6 ... and 1, 3, 5 ...
};

// cos and sin of 2 pi q n / size for q = 0..size/2, n = 0..terms-1, as rows of q.
struct KernelTables {
  KernelTables(std::int64_t size, std::int64_t terms);

  std::int64_t terms;
  std::vector<float> cosines, sines;
};

}  // namespace dnd::ops
