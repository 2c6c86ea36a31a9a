// Answers of a base language model by themselves, for compare_language_model.py: loads the base, then
// answers all prompts for each line of stdin.
//
//   answers_bench BASE PROMPTS.jsonl TOKENS THREADS
//   run         one call for all prompts; prints seconds and answers as JSON
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "base/json.h"
#include "dnd/engine.h"
#include "dnd/error.h"
#include "dnd/language_model.h"
#include "peak_memory.h"

namespace dnd {
namespace {

std::vector<std::string> read_prompts(const std::string& path) {
  std::vector<std::string> prompts;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    prompts.push_back(parse_json(line, path).at("prompt").get<std::string>());
  }
  return prompts;
}

void serve(const std::string& base, const std::vector<std::string>& prompts, std::int64_t tokens,
           const EngineOptions& options) {
  const std::unique_ptr<Engine> engine(dnd_engine_create(&options));
  const auto model = engine->load_language_model(base, true);
  model->put_markers(false);  // the template's are in the prompts
  for (std::string line; std::getline(std::cin, line);) {
    const auto begun = std::chrono::steady_clock::now();
    const std::vector<std::string> answers = model->complete(prompts, {tokens, {}});
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begun;
    std::cout << json_line(
                     {{"seconds", seconds.count()}, {"answers", answers}, {"peak_gib", peak_gib()}})
              << std::endl;
  }
}

}  // namespace
}  // namespace dnd

int main(int argc, char** argv) {
  constexpr int kArguments = 5;
  if (argc != kArguments) {
    std::cerr << "usage: answers_bench BASE PROMPTS.jsonl TOKENS THREADS\n";
    return 64;
  }
  try {
    dnd::EngineOptions options;
    options.device = "cpu";
    options.threads = std::atoi(argv[4]);
    dnd::serve(argv[1], dnd::read_prompts(argv[2]), std::atoll(argv[3]), options);
  } catch (const dnd::Error& error) {
    std::cerr << "answers_bench: " << error.what() << '\n';
    return static_cast<int>(error.kind());
  }
  return 0;
}
