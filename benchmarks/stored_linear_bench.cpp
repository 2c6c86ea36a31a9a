// Products with stored matrices beside ATen's with an fp32 copy: rows of activations, inputs, outputs.
//
// `of peak`: GFLOP/s over what multiply-adds from registers reach here with as many threads (fma_peak.h).
//
//   build/bin/stored_linear_bench --benchmark_filter=threads:2
#include <ATen/Parallel.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/zeros.h>
#include <benchmark/benchmark.h>
#include <c10/core/InferenceMode.h>

#include <array>

#include "fma_peak.h"
#include "ops/cpu/stored_linear.h"
#include "ops/process.h"

namespace dnd {
namespace {

constexpr std::int64_t kCopies = 64;  // of a matrix, by turns, as layers follow each other

void set_rate(benchmark::State& state) {
  static std::array<double, 16> peaks{};
  const auto threads = static_cast<std::size_t>(state.range(0));
  if (peaks.at(threads) == 0.0) peaks.at(threads) = bench::peak_gflops(static_cast<int>(threads));
  const double gflop = 2e-9 * static_cast<double>(state.range(1) * state.range(2) * state.range(3));
  const auto rate = benchmark::Counter::kIsIterationInvariantRate;
  state.counters["GFLOP/s"] = benchmark::Counter(gflop, rate);
  state.counters["of peak"] = benchmark::Counter(gflop / peaks.at(threads), rate);
}

void aten(benchmark::State& state) {
  const c10::InferenceMode inference;
  ops::set_up_process();
  at::set_num_threads(static_cast<int>(state.range(0)));
  const at::Tensor x = at::rand({state.range(1), state.range(2)});
  const at::Tensor w = at::rand({kCopies, state.range(3), state.range(2)});
  std::int64_t turn = 0;
  for (auto _ : state) benchmark::DoNotOptimize(at::mm(x, w[turn++ % kCopies].t()));
  set_rate(state);
}

template <Dtype kType>
void stored(benchmark::State& state) {
  const c10::InferenceMode inference;
  ops::set_up_process();
  const ops::Workers workers(static_cast<int>(state.range(0)));
  const std::int64_t rows = state.range(1), in = state.range(2), out = state.range(3);
  const at::Tensor x = at::rand({rows, in});
  const at::Tensor y = at::zeros({rows, out});
  const auto type = kType == Dtype::f32   ? at::kFloat
                    : kType == Dtype::f16 ? at::kHalf
                                          : at::kBFloat16;
  const at::Tensor w = at::rand({kCopies, out, in}).to(type);
  std::int64_t turn = 0;
  for (auto _ : state) {
    const auto* data = static_cast<const std::byte*>(w[turn++ % kCopies].const_data_ptr());
    const std::array<ops::cpu::StoredProduct, 1> product = {{{{data, kType, out, in},
                                                              x.const_data_ptr<float>(),
                                                              in,
                                                              y.mutable_data_ptr<float>(),
                                                              out}}};
    ops::cpu::add_products(workers, product, rows);
    benchmark::ClobberMemory();
  }
  set_rate(state);
}

void sizes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"threads", "rows", "in", "out"})->UseRealTime()->Unit(benchmark::kMicrosecond);
  for (const std::int64_t threads : {1, 2}) {
    for (const std::int64_t rows : {1, 4, 8, 32, 200, 2048}) {
      for (const auto& [in, out] : {std::array<std::int64_t, 2>{576, 1536}, {1536, 576}}) {
        bench->Args({threads, rows, in, out});
      }
    }
  }
}

BENCHMARK(aten)->Apply(sizes);
BENCHMARK(stored<Dtype::f32>)->Apply(sizes);
BENCHMARK(stored<Dtype::bf16>)->Apply(sizes);
BENCHMARK(stored<Dtype::f16>)->Apply(sizes);

}  // namespace
}  // namespace dnd
