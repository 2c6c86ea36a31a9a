// Every convolution of the released decoders beside ATen's, on the same numbers and threads.
//
//   build/bin/conv_bench --threads=2 --max-gflop=200 --benchmark_out=conv.json
//   build/bin/conv_bench --benchmark_filter=conv/0.5B/ --benchmark_repetitions=3
//   benchmarks/compare_convolutions.py conv.json --svg conv.svg
//
// conv/<preset>/<layer>.<convolution>/<side>; sides: ours, aten (contiguous), aten_channels_last.
// Counters: GFLOP/s of direct convolution; error: relative RMS against sums in fp64 at sampled
// outputs; channels of all_channels outputs computed, where --max-gflop cut them (on all sides alike).
// The AVX2 level on a newer machine: DND_CPU_TARGET=avx2 ATEN_CPU_CAPABILITY=avx2
// ONEDNN_MAX_CPU_ISA=AVX2.
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/empty.h>
#include <benchmark/benchmark.h>
#include <c10/core/InferenceMode.h>
#include <torch/headeronly/version.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/strings.h"
#include "bundle/write_bundle.h"
#include "fma_peak.h"
#include "ops/conv2d_same.h"
#include "ops/cpu/cpu_target.h"
#include "ops/process.h"

namespace dnd::bench {
namespace {

struct Options {
  int threads = 2;
  double max_gflop = 200.0;  // of one convolution; 0: never cut
};

// (in, rows, columns) -> (out, rows, columns)
struct Conv {
  std::string name;
  std::int64_t in = 0;
  std::int64_t out = 0;
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::int64_t kernel = 0;
  std::int64_t all_out = 0;  // before it was cut

  double gflop() const {
    return 2e-9 * static_cast<double>(in * kernel * kernel) *
           static_cast<double>(out * rows * columns);
  }
};

struct Preset {
  const char* file;
  const char* name;
};
constexpr std::array<Preset, 5> kPresets = {{{"qwen2.5-0.5b", "0.5B"},
                                             {"qwen2.5-1.5b-math", "1.5B-math"},
                                             {"qwen2.5-1.5b-code", "1.5B-code"},
                                             {"qwen2.5-vl-3b", "VL-3B"},
                                             {"qwen2.5-7b-math", "7B"}}};

// Fewer output channels, in whole blocks of 64, where all of them are more than `max_gflop`.
Conv cut(Conv conv, double max_gflop) {
  constexpr std::int64_t kBlock = 64;
  conv.all_out = conv.out;
  const double share = max_gflop > 0.0 ? max_gflop / conv.gflop() : 1.0;
  if (share >= 1.0) return conv;
  const std::int64_t all_blocks = conv.out / kBlock;
  const auto blocks = static_cast<std::int64_t>(share * static_cast<double>(all_blocks));
  conv.out = std::min(conv.out, kBlock * std::max<std::int64_t>(1, blocks));
  return conv;
}

// As HyperConvDecoder::hidden() and layer() call them.
std::vector<Conv> convolutions_of(const Preset& preset, double max_gflop) {
  const bundle::GeneratorConfig config = bundle::read_preset(DND_PRESETS, preset.file);
  std::vector<Conv> convs;
  for (std::size_t i = 0; i + 1 < config.features.size(); ++i) {
    const bundle::Feature& a = config.features[i];
    const bundle::Feature& b = config.features[i + 1];
    const auto add = [&](const char* name, std::int64_t in, std::int64_t out, std::int64_t rows,
                         std::int64_t columns) {
      const Conv conv{
          cat("conv/", preset.name, "/", i, ".", name), in, out, rows, columns, config.kernel, out};
      convs.push_back(cut(conv, max_gflop));
    };
    add("1w", a.w, b.w, a.h, a.n);
    add("1h", a.h, b.h, a.n, b.w);
    add("2h", a.h, b.h, a.n, a.w);
    add("2w", a.w, b.w, b.h, a.n);
    add("lin", a.n, b.n, b.h, b.w);
  }
  return convs;
}

at::Tensor normal_numbers(at::IntArrayRef shape, double deviation, std::uint64_t seed) {
  at::Tensor tensor = at::empty(shape, at::kFloat);
  std::minstd_rand random(static_cast<unsigned>(seed));
  // Sums of four uniform numbers: near enough to a normal distribution, and fast.
  const auto scale = static_cast<float>(deviation * std::sqrt(3.0) / 0x3FFFFFFF);
  float* values = tensor.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < tensor.numel(); ++i) {
    std::int64_t sum = -4 * 0x3FFFFFFFLL;
    for (int k = 0; k < 4; ++k) sum += static_cast<std::int64_t>(random());
    values[i] = scale * 0.5F * static_cast<float>(sum);
  }
  return tensor;
}

struct Data {
  std::string name;
  at::Tensor x;       // (Cin, H, W), like the output of a LayerNorm
  at::Tensor weight;  // (Cout, Cin, k, k), outputs of about 1
};

// One convolution's data at a time: its sides follow each other.
const Data& data_of(const Conv& conv) {
  static Data data;
  if (data.name == conv.name) return data;
  data = {};
  const double fan_in = static_cast<double>(conv.in * conv.kernel * conv.kernel);
  data.x = normal_numbers({conv.in, conv.rows, conv.columns}, 1.0, 1);
  data.weight =
      normal_numbers({conv.out, conv.in, conv.kernel, conv.kernel}, 1.0 / std::sqrt(fan_in), 2);
  data.name = conv.name;
  return data;
}

// One output in fp64, straight from the definition.
double direct_output(const Conv& conv, const Data& data, std::int64_t channel, std::int64_t row,
                     std::int64_t column) {
  const float* x = data.x.const_data_ptr<float>();
  const std::int64_t k = conv.kernel;
  const float* w = data.weight.const_data_ptr<float>() + channel * conv.in * k * k;
  double sum = 0.0;
  for (std::int64_t c = 0; c < conv.in; ++c) {
    for (std::int64_t i = 0; i < k * k; ++i) {
      const std::int64_t r = row + i / k - k / 2;
      const std::int64_t s = column + i % k - k / 2;
      if (r < 0 || r >= conv.rows || s < 0 || s >= conv.columns) continue;
      sum += static_cast<double>(w[c * k * k + i]) *
             static_cast<double>(x[(c * conv.rows + r) * conv.columns + s]);
    }
  }
  return sum;
}

// Relative RMS of `out` (Cout, H, W) against fp64 at places spread over channels and plane; the four
// corners of the plane are among them.
double error_of(const Conv& conv, const Data& data, const at::Tensor& out) {
  constexpr double kProducts = 5e7;  // a fraction of a second
  const std::int64_t plane = conv.rows * conv.columns;
  const auto affordable = static_cast<std::int64_t>(
      kProducts / static_cast<double>(conv.in * conv.kernel * conv.kernel));
  const std::int64_t count = std::clamp<std::int64_t>(affordable, 64, 2048);
  const std::array<std::int64_t, 4> corners = {0, conv.columns - 1, plane - conv.columns,
                                               plane - 1};
  const float* values = out.const_data_ptr<float>();
  std::mt19937_64 random(3);
  double difference = 0.0;
  double size = 0.0;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto channel = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(conv.out));
    const std::int64_t place =
        i < 8 ? corners[static_cast<std::size_t>(i % 4)]
              : static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(plane));
    const double exact =
        direct_output(conv, data, channel, place / conv.columns, place % conv.columns);
    const double got = static_cast<double>(values[channel * plane + place]);
    difference += (got - exact) * (got - exact);
    size += exact * exact;
  }
  return std::sqrt(difference / size);
}

void report(benchmark::State& state, const Conv& conv, double error) {
  state.counters["GFLOP/s"] =
      benchmark::Counter(conv.gflop(), benchmark::Counter::kIsIterationInvariantRate);
  state.counters["GFLOP"] = conv.gflop();
  state.counters["error"] = error;
  state.counters["channels"] = static_cast<double>(conv.out);
  state.counters["all_channels"] = static_cast<double>(conv.all_out);
}

// The first run, which sets up what is kept (oneDNN's kernels), is the one whose result is judged.
void run_ours(benchmark::State& state, const Conv& conv, int threads) {
  const c10::InferenceMode inference;
  ops::set_up_process();
  const ops::Workers workers(threads);
  const Data& data = data_of(conv);
  const auto run = [&] {
    return ops::conv2d_same(workers, data.x.unsqueeze(0), {data.weight}, std::nullopt,
                            ops::Precision::exact)
        .select(0, 0);
  };
  const double error = error_of(conv, data, run());
  for (auto _ : state) benchmark::DoNotOptimize(run());
  report(state, conv, error);
}

void run_aten(benchmark::State& state, const Conv& conv, int threads, at::MemoryFormat format) {
  const c10::InferenceMode inference;
  at::set_num_threads(threads);
  const Data& data = data_of(conv);
  const at::Tensor x = data.x.unsqueeze(0).contiguous(format);
  const at::Tensor weight = data.weight.contiguous(format);
  const std::int64_t half = conv.kernel / 2;
  const auto run = [&] { return at::conv2d(x, weight, std::nullopt, {1, 1}, {half, half}); };
  const double error = error_of(conv, data, run().contiguous().squeeze(0));
  for (auto _ : state) benchmark::DoNotOptimize(run());
  report(state, conv, error);
}

// The line that all rates are measured against: peak/fma/<threads>.
void run_peak(benchmark::State& state, int threads) {
  double best = 0.0;
  for (auto _ : state) best = std::max(best, peak_gflops(threads));
  state.counters["GFLOP/s"] = best;
}

template <class... Args>
void add(const std::string& name, Args... args) {
  benchmark::RegisterBenchmark(name.c_str(), args...)->Unit(benchmark::kMillisecond)->UseRealTime();
}

void add_all(const Options& options) {
  const int threads = options.threads;
  for (const int count : {1, 2}) add(cat("peak/fma/", count), run_peak, count);
  if (threads > 2) add(cat("peak/fma/", threads), run_peak, threads);
  for (const Preset& preset : kPresets) {
    for (const Conv& conv : convolutions_of(preset, options.max_gflop)) {
      add(conv.name + "/ours", run_ours, conv, threads);
      add(conv.name + "/aten", run_aten, conv, threads, at::MemoryFormat::Contiguous);
      add(conv.name + "/aten_channels_last", run_aten, conv, threads,
          at::MemoryFormat::ChannelsLast);
    }
  }
}

double number_after(std::string_view prefix, std::string_view word, double otherwise) {
  if (!word.starts_with(prefix)) return otherwise;
  const std::string text(word.substr(prefix.size()));
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || value < 0.0) {
    fail(ErrorKind::usage, printable(word), ": expected a number");
  }
  return value;
}

Options read_options(const std::vector<std::string_view>& words) {
  Options options;
  if (const char* threads = std::getenv("DND_THREADS")) {
    options.threads = static_cast<int>(number_after("", threads, 2));
  }
  for (const std::string_view word : words) {
    if (!word.starts_with("--threads=") && !word.starts_with("--max-gflop=")) {
      fail(ErrorKind::usage, printable(word),
           ": expected --threads=N, --max-gflop=X or --benchmark_...");
    }
    options.threads = static_cast<int>(number_after("--threads=", word, options.threads));
    options.max_gflop = number_after("--max-gflop=", word, options.max_gflop);
  }
  options.threads = std::max(1, options.threads);
  return options;
}

void add_context(const Options& options) {
  benchmark::AddCustomContext("threads", cat(options.threads));
  benchmark::AddCustomContext("cpu_target", dnd::ops::cpu::target_name());
  benchmark::AddCustomContext("aten", cat(TORCH_VERSION, " ", at::get_cpu_capability()));
}

int run(int argc, char** argv) {
  dnd::ops::cpu::limit_target();
  benchmark::Initialize(&argc, argv);
  const Options options = read_options({argv + 1, argv + argc});
  add_context(options);
  add_all(options);
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}

}  // namespace
}  // namespace dnd::bench

int main(int argc, char** argv) {
  try {
    return dnd::bench::run(argc, argv);
  } catch (const dnd::Error& error) {
    std::fprintf(stderr, "conv_bench: %s\n", error.what());
    return static_cast<int>(error.kind());
  }
}
