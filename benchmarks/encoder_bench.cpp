// The text encoder by itself, for compare_encoder.py: loads a model, then obeys lines of stdin.
//
//   encoder_bench ENCODER_DIR PROMPTS.jsonl LENGTH THREADS fast|exact
//   run         encodes the prompts; prints seconds and the process's peak memory as JSON
//   project     the same for the projection of the last states to 1000 positions, random weights
//   save FILE   writes the last states as tensor `states` (N, L, C) of a .safetensors file
#include <ATen/ops/empty.h>
#include <ATen/ops/rand.h>
#include <c10/core/InferenceMode.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>

#include "formats/safetensors.h"
#include "nn/projection.h"
#include "nn/text_encoder.h"
#include "ops/process.h"
#include "peak_memory.h"
#include "text/prompts.h"
#include "text/tokenizer.h"
#include "tokenizer/encoder_tokenizer.h"

namespace dnd {
namespace {

void save(const at::Tensor& states, const std::string& path) {
  formats::SafetensorsWriter writer(path, {{"states", Dtype::f32, states.sizes().vec()}}, {});
  const auto count = static_cast<std::size_t>(states.numel());
  writer.write(std::as_bytes(std::span(states.const_data_ptr<float>(), count)));
  writer.finish();
}

// Calls fn() and prints what it took.
template <typename Function>
void timed(Function fn) {
  const auto begun = std::chrono::steady_clock::now();
  fn();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begun;
  std::cout << R"({"seconds": )" << seconds.count() << R"(, "peak_gib": )" << peak_gib() << "}"
            << std::endl;
}

nn::ProjectionWeights random_projection(std::int64_t from, std::int64_t to) {
  return {at::rand({to, from}), at::rand({to}), at::rand({to, to}), at::rand({to})};
}

void serve(const std::string& folder, const std::string& prompts, std::size_t length, int threads,
           nn::EncoderProducts products) {
  const c10::InferenceMode inference;
  ops::set_up_process();
  const ops::Workers workers(threads);
  const auto model = nn::load_text_encoder(folder, products);
  const auto set = text::read_prompts({prompts}, {});
  const auto batch =
      text::tokenize(*tokenizer::load_encoder_tokenizer(folder), set.tasks.at(0).prompts, length);
  at::Tensor states;
  for (std::string line; std::getline(std::cin, line);) {
    if (line.starts_with("save ")) {
      save(states, line.substr(5));
      std::cout << "{}" << std::endl;
      continue;
    }
    if (line == "project") {
      const auto weights = random_projection(states.size(1), 1000);
      timed([&] { nn::project_condition(workers, states, weights, ops::Precision::exact); });
      continue;
    }
    states.reset();
    timed([&] {
      states = at::empty({batch.prompts, batch.length, model->width()});
      nn::encode_to(workers, *model, batch, bundle::EmptyChunk::zero, states);
    });
  }
}

}  // namespace
}  // namespace dnd

int main(int argc, char** argv) {
  const std::string precision = argc == 6 ? argv[5] : "";
  if (precision != "fast" && precision != "exact") {
    std::cerr << "usage: encoder_bench ENCODER_DIR PROMPTS.jsonl LENGTH THREADS fast|exact\n";
    return 64;
  }
  dnd::serve(
      argv[1], argv[2], std::strtoull(argv[3], nullptr, 10), std::atoi(argv[4]),
      precision == "fast" ? dnd::nn::EncoderProducts::int16 : dnd::nn::EncoderProducts::onednn);
  return 0;
}
