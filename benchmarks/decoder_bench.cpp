// The decoder by itself, on any device of the engine, for compare_decoder_on_gpu.py: loads a
// generator, then obeys lines of stdin.
//
//   decoder_bench BUNDLE CONDITION.safetensors DEVICE fast|exact|bf16 THREADS BATCH
//   run         decodes the projected condition BATCH times at once; prints seconds as JSON
//   save FILE   writes the tokens of the first as tensor `tokens` (T, R, S) of a .safetensors file
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>

#include "bundle/generator_config.h"
#include "dnd/engine.h"
#include "dnd/error.h"
#include "formats/safetensors.h"

namespace dnd {
namespace {

HostTensor read_condition(const std::string& path) {
  const formats::SafetensorsFile file(path);
  return {file.at("condition").shape, file.read_f32("condition")};
}

void save(const HostTensor& tokens, const std::string& path) {
  formats::SafetensorsWriter writer(path, {{"tokens", Dtype::f32, tokens.shape}}, {});
  writer.write(std::as_bytes(std::span(tokens.values)));
  writer.finish();
}

void serve(const std::string& folder, const std::string& condition, const EngineOptions& options,
           std::size_t batch) {
  const std::unique_ptr<Engine> engine(dnd_engine_create(&options));
  engine->load_decoder(bundle::read_bundle(folder),
                       formats::SafetensorsFile(folder + "/" + bundle::kDecoderWeightsName));
  const HostTensor projected = engine->project(read_condition(condition));
  std::vector<HostTensor> tokens;
  for (std::string line; std::getline(std::cin, line);) {
    if (line.starts_with("save ")) {
      save(tokens.at(0), line.substr(5));
      std::cout << "{}" << std::endl;
      continue;
    }
    std::vector<HostTensor> conditions(batch, projected);
    const auto begun = std::chrono::steady_clock::now();
    tokens = engine->decode(std::move(conditions), {});
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begun;
    std::cout << R"({"seconds": )" << seconds.count() << "}" << std::endl;
  }
}

}  // namespace
}  // namespace dnd

int main(int argc, char** argv) {
  constexpr int kArguments = 7;
  if (argc != kArguments) {
    std::cerr << "usage: decoder_bench BUNDLE CONDITION.safetensors DEVICE fast|exact|bf16 THREADS "
                 "BATCH\n";
    return 64;
  }
  try {
    dnd::EngineOptions options;
    options.device = argv[3];
    options.precision = argv[4];
    options.threads = std::atoi(argv[5]);
    dnd::serve(argv[1], argv[2], options, std::strtoull(argv[6], nullptr, 10));
  } catch (const dnd::Error& error) {
    std::cerr << "decoder_bench: " << error.what() << '\n';
    return static_cast<int>(error.kind());
  }
  return 0;
}
