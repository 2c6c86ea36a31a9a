// Every stage of `dnd generate` on its own, at the sizes of the 0.5B preset where that takes seconds
// at most. Arguments of the convolutions: Cin, Cout, rows, columns, kernel.
//
// `of peak`: GFLOP/s over what multiply-adds from registers reach here with as many threads (fma_peak.h).
//
//   build/bin/stages_bench --benchmark_filter=conv
#include <ATen/Parallel.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/rand.h>
#include <benchmark/benchmark.h>
#include <c10/core/InferenceMode.h>

#include <filesystem>
#include <thread>

#include "adapter/peft.h"
#include "adapter/weight_codec.h"
#include "bundle/write_bundle.h"
#include "fma_peak.h"
#include "nn/text_encoder.h"
#include "ops/conv2d_same.h"
#include "ops/cpu/cpu_target.h"
#include "ops/process.h"
#include "text/tokenizer.h"
#include "tokenizer/encoder_tokenizer.h"

namespace dnd {
namespace {

int threads() { return static_cast<int>(std::thread::hardware_concurrency()); }

const std::vector<std::string>& prompts() {
  static const std::vector<std::string> texts(
      16, "A train leaves at 9:40 and arrives at 11:05. How long is the trip, in minutes?");
  return texts;
}

void set_rate(benchmark::State& state, double gflop) {
  static const double peak = bench::peak_gflops(threads());
  const auto rate = benchmark::Counter::kIsIterationInvariantRate;
  state.counters["GFLOP/s"] = benchmark::Counter(gflop, rate);
  state.counters["of peak"] = benchmark::Counter(gflop / peak, rate);
}

void set_conv_rate(benchmark::State& state) {
  double products = static_cast<double>(state.range(4) * state.range(4));
  for (int i = 0; i < 4; ++i) products *= static_cast<double>(state.range(i));
  set_rate(state, 2e-9 * products);
}

void conv_ours(benchmark::State& state) {
  const c10::InferenceMode inference;
  ops::set_up_process();
  const ops::Workers workers(threads());
  const at::Tensor x = at::rand({1, state.range(0), state.range(2), state.range(3)});
  const at::Tensor w = at::rand({state.range(1), state.range(0), state.range(4), state.range(4)});
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        ops::conv2d_same(workers, x, {w}, std::nullopt, ops::Precision::exact));
  }
  set_conv_rate(state);
}

void conv_aten(benchmark::State& state) {
  const c10::InferenceMode inference;
  at::set_num_threads(threads());
  const at::Tensor x = at::rand({1, state.range(0), state.range(2), state.range(3)});
  const at::Tensor w = at::rand({state.range(1), state.range(0), state.range(4), state.range(4)});
  const std::int64_t half = state.range(4) / 2;
  for (auto _ : state) {
    benchmark::DoNotOptimize(at::conv2d(x, w, std::nullopt, {1, 1}, {half, half}));
  }
  set_conv_rate(state);
}

// The kinds of convolution of the 0.5B decoder: wide planes, the last layers' tall and narrow ones,
// linear2 on ten rows, few channels.
void conv_sizes(benchmark::internal::Benchmark* bench) {
  bench->Args({384, 200, 384, 128, 9})
      ->Args({300, 256, 200, 128, 9})
      ->Args({200, 200, 25, 1024, 9})
      ->Args({1024, 1024, 10, 200, 9})
      ->Args({50, 25, 1024, 200, 9})
      ->Args({10, 10, 2048, 130, 9})
      ->Unit(benchmark::kMillisecond)
      ->UseRealTime();
}

BENCHMARK(conv_aten)->Apply(conv_sizes);
BENCHMARK(conv_ours)->Apply(conv_sizes);

void tokenize_prompts(benchmark::State& state) {
  const auto tokenizer = tokenizer::load_encoder_tokenizer(DND_MINILM_DIR);
  for (auto _ : state) benchmark::DoNotOptimize(text::tokenize(*tokenizer, prompts(), 384));
}
BENCHMARK(tokenize_prompts)->Unit(benchmark::kMicrosecond);

void encode_prompts(benchmark::State& state) {
  const c10::InferenceMode inference;
  ops::set_up_process();
  const ops::Workers workers(threads());
  const auto model = nn::load_text_encoder(DND_MINILM_DIR);
  const auto batch =
      text::tokenize(*tokenizer::load_encoder_tokenizer(DND_MINILM_DIR), prompts(), 384);
  const at::Tensor states = at::empty({batch.prompts, batch.length, model->width()});
  for (auto _ : state) {
    nn::encode_to(workers, *model, batch, bundle::EmptyChunk::zero, states);
    benchmark::ClobberMemory();
  }
  // Six layers of width 384, padding and all: four projections and the feed-forward part are 12 C^2
  // multiply-adds a token, attention 2 L C.
  const double tokens = static_cast<double>(prompts().size()) * 384.0;
  set_rate(state, 2e-9 * tokens * 6.0 * (12.0 * 384.0 * 384.0 + 2.0 * 384.0 * 384.0));
}
BENCHMARK(encode_prompts)->Unit(benchmark::kMillisecond)->UseRealTime();

std::vector<float> some_tokens(const adapter::AdapterLayout& layout) {
  return std::vector<float>(
      static_cast<std::size_t>(layout.token_count() * layout.token_rows * layout.token_columns),
      0.25F);
}

void detokenize_adapter(benchmark::State& state) {
  const auto layout = bundle::read_preset(DND_PRESETS, "qwen2.5-0.5b").layout;
  const std::vector<float> tokens = some_tokens(layout);
  for (auto _ : state) benchmark::DoNotOptimize(adapter::detokenize(layout, tokens));
}
BENCHMARK(detokenize_adapter)->Unit(benchmark::kMillisecond);

void write_adapter(benchmark::State& state) {
  const auto layout = bundle::read_preset(DND_PRESETS, "qwen2.5-0.5b").layout;
  const adapter::LoraAdapter adapter = adapter::detokenize(layout, some_tokens(layout));
  const auto folder = std::filesystem::temp_directory_path() / "dnd-bench-adapter";
  for (auto _ : state) {
    adapter::write_peft_folder(folder, adapter, {Dtype::bf16}, OnExisting::replace);
  }
  std::filesystem::remove_all(folder);
}
BENCHMARK(write_adapter)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace dnd
