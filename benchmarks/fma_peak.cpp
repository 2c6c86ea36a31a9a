#include "fma_peak.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <numeric>
#include <thread>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fma_peak.cpp"
#include <hwy/foreach_target.h>  // first of Highway's headers
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace dnd::bench::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Twelve sums cover two units of up to six cycles, and with the two factors fit 16 registers.
constexpr std::int64_t kSums = 12;

// Multiply-adds (counted per lane) done by `rounds` rounds. *sink depends on all of them.
std::int64_t multiply_add(std::int64_t rounds, float* sink) {
  const hn::ScalableTag<float> d;
  const auto a = hn::Set(d, 0.999F), b = hn::Set(d, 1e-3F);  // x -> a x + b stays near 1
  // Twelve different starts: sums that are alike would be computed once.
  auto s0 = hn::Iota(d, 0.0F), s1 = hn::Iota(d, 0.1F), s2 = hn::Iota(d, 0.2F);
  auto s3 = hn::Iota(d, 0.3F), s4 = hn::Iota(d, 0.4F), s5 = hn::Iota(d, 0.5F);
  auto s6 = hn::Iota(d, 0.6F), s7 = hn::Iota(d, 0.7F), s8 = hn::Iota(d, 0.8F);
  auto s9 = hn::Iota(d, 0.9F), s10 = hn::Iota(d, 1.1F), s11 = hn::Iota(d, 1.2F);
  for (std::int64_t i = 0; i < rounds; ++i) {
    s0 = hn::MulAdd(s0, a, b), s1 = hn::MulAdd(s1, a, b), s2 = hn::MulAdd(s2, a, b);
    s3 = hn::MulAdd(s3, a, b), s4 = hn::MulAdd(s4, a, b), s5 = hn::MulAdd(s5, a, b);
    s6 = hn::MulAdd(s6, a, b), s7 = hn::MulAdd(s7, a, b), s8 = hn::MulAdd(s8, a, b);
    s9 = hn::MulAdd(s9, a, b), s10 = hn::MulAdd(s10, a, b), s11 = hn::MulAdd(s11, a, b);
  }
  const auto low = hn::Add(hn::Add(hn::Add(s0, s1), hn::Add(s2, s3)), hn::Add(s4, s5));
  const auto high = hn::Add(hn::Add(hn::Add(s6, s7), hn::Add(s8, s9)), hn::Add(s10, s11));
  *sink = hn::GetLane(hn::SumOfLanes(d, hn::Add(low, high)));
  return rounds * kSums * static_cast<std::int64_t>(hn::Lanes(d));
}

}  // namespace dnd::bench::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dnd::bench {

HWY_EXPORT(multiply_add);

namespace {

constexpr std::int64_t kRounds = 4'000'000;  // 10 to 20 ms
constexpr int kRuns = 15;

using Clock = std::chrono::steady_clock;

}  // namespace

double peak_gflops(int threads) {
  double best = 0.0;
  std::vector<float> sinks(static_cast<std::size_t>(threads));
  for (int run = 0; run < kRuns; ++run) {
    std::vector<std::int64_t> done(sinks.size());
    const auto work = [&](std::size_t i) {
      done[i] = HWY_DYNAMIC_DISPATCH(multiply_add)(kRounds, &sinks[i]);
    };
    const auto begun = Clock::now();
    std::vector<std::thread> others;
    for (std::size_t i = 1; i < sinks.size(); ++i) others.emplace_back(work, i);
    work(0);
    for (std::thread& other : others) other.join();
    const double seconds = std::chrono::duration<double>(Clock::now() - begun).count();
    const auto total = std::accumulate(done.begin(), done.end(), std::int64_t{0});
    best = std::max(best, 2e-9 * static_cast<double>(total) / seconds);
  }
  return best;
}

}  // namespace dnd::bench
#endif  // HWY_ONCE
