// Questions a second of a language model of the default model's size: 575,104 parameters, 40 tokens
// in, 12 out, with and without an adapter of rank 4 on all projections.
//
//   build/bin/language_model_bench        (argument: threads)
#include <benchmark/benchmark.h>

#include "lm/load_language_model.h"
#include "lm/tiny_model.h"
#include "ops/process.h"
#include "support/lora.h"

namespace dnd {
namespace {

constexpr std::int64_t kQuestions = 64;

testing::TinyModel default_size() {
  testing::TinyModel tiny;
  tiny.config.update({{"hidden_size", 128},
                      {"num_hidden_layers", 3},
                      {"intermediate_size", 256},
                      {"vocab_size", 1024},
                      {"eos_token_id", 1023}});
  return tiny;
}

adapter::LoraAdapter rank_four(const testing::TinyModel& tiny) {
  adapter::LoraAdapter adapter;
  for (const auto& [name, shape] : tiny.tensors()) {
    const std::size_t module = name.find("_proj.weight");
    if (module == std::string::npos) continue;
    adapter.pairs.push_back(
        testing::random_pair(name.substr(0, module + 5), shape[0], shape[1], 4, 1));
  }
  return adapter;
}

// range(0): threads; range(1): with an adapter; range(2): new tokens.
void questions(benchmark::State& state) {
  const testing::TempDir dir;
  const testing::TinyModel tiny = default_size();
  ops::set_up_process();
  const ops::Workers workers(static_cast<int>(state.range(0)));
  const auto model = lm::load_language_model(workers, tiny.write(dir));
  const adapter::LoraAdapter adapter = rank_four(tiny);
  if (state.range(1) != 0) model->use_adapter(&adapter);
  std::string prompt = "Question: ";
  while (model->tokenize(prompt).size() < 40) prompt += "a";
  const std::vector<std::string> prompts(kQuestions, prompt);
  for (auto _ : state) {
    benchmark::DoNotOptimize(model->complete(prompts, {state.range(2), {}}));
  }
  state.SetItemsProcessed(state.iterations() * kQuestions);
}

BENCHMARK(questions)
    ->ArgsProduct({{1, 2}, {0, 1}, {1, 12}})
    ->ArgNames({"threads", "adapter", "tokens"})
    ->MeasureProcessCPUTime()
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace dnd
