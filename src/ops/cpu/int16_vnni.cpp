#include "ops/cpu/int16_product.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include <cstring>
#endif

namespace dnd::ops::cpu {

#if defined(__x86_64__)

namespace {

#define DND_WITH_VNNI __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni")))

template <int kRows>
DND_WITH_VNNI void sum_rows(const Int16Tile& tile, std::int64_t first, std::int32_t* sums) {
  __m512i low[kRows];
  __m512i high[kRows];
#pragma GCC unroll 12
  for (int r = 0; r < kRows; ++r) low[r] = high[r] = _mm512_setzero_si512();
  const std::int16_t* rows = tile.rows + first * tile.stride;
  for (std::int64_t p = 0; p < tile.pairs; ++p) {
    const std::int16_t* weights = tile.weights + p * 2 * kInt16Columns;
    const __m512i w0 = _mm512_loadu_si512(weights);
    const __m512i w1 = _mm512_loadu_si512(weights + kInt16Columns);
#pragma GCC unroll 12
    for (int r = 0; r < kRows; ++r) {
      std::int32_t pair = 0;
      std::memcpy(&pair, rows + r * tile.stride + 2 * p, sizeof(pair));
      const __m512i x = _mm512_set1_epi32(pair);
      low[r] = _mm512_dpwssd_epi32(low[r], x, w0);
      high[r] = _mm512_dpwssd_epi32(high[r], x, w1);
    }
  }
#pragma GCC unroll 12
  for (int r = 0; r < kRows; ++r) {
    std::int32_t* to = sums + (first + r) * kInt16Columns;
    _mm512_storeu_si512(to, low[r]);
    _mm512_storeu_si512(to + kInt16Columns / 2, high[r]);
  }
}

}  // namespace

bool has_vnni() {
  static const bool has = __builtin_cpu_supports("avx512bw") != 0 &&
                          __builtin_cpu_supports("avx512vl") != 0 &&
                          __builtin_cpu_supports("avx512vnni") != 0;
  return has;
}

void sum_with_vnni(const Int16Tile& tile, std::int32_t* sums) {
  std::int64_t r = 0;
  for (; r + kInt16Rows <= tile.count; r += kInt16Rows) sum_rows<kInt16Rows>(tile, r, sums);
  for (; r + 4 <= tile.count; r += 4) sum_rows<4>(tile, r, sums);
  for (; r < tile.count; ++r) sum_rows<1>(tile, r, sums);
}

#else

bool has_vnni() { return false; }
void sum_with_vnni(const Int16Tile& /*tile*/, std::int32_t* /*sums*/) {}

#endif

}  // namespace dnd::ops::cpu
