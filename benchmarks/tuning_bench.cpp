// Learning steps of an adapter through a base model by themselves, for compare_tuning.py: loads the base,
// then does forward and backward of all lessons for each line of stdin.
//
//   tuning_bench BASE LESSONS.jsonl RANK THREADS
//   step        prints seconds, the mean loss and the peak memory as JSON
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <numeric>
#include <string>
#include <vector>

#include "base/json.h"
#include "formats/model_folder.h"
#include "lm/learn/batch_gradient.h"
#include "ops/process.h"
#include "peak_memory.h"

namespace dnd {
namespace {

using lm::learn::Lesson;
using lm::learn::TaskAdapter;

std::vector<Lesson> read_lessons(const std::string& path) {
  std::vector<Lesson> lessons;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const Json told = parse_json(line, path);
    lessons.push_back(
        {told.at("ids").get<std::vector<std::int32_t>>(), told.at("answer").get<std::size_t>(), 0});
  }
  return lessons;
}

// Of all linear layers but the head, A and B random.
adapter::LoraAdapter random_adapter(const std::vector<lm::Linear*>& layers, std::int64_t rank) {
  adapter::LoraAdapter adapter;
  std::uint64_t state = 1;
  const auto fill = [&](std::vector<float>& values, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) {
      state = state * 6364136223846793005ULL + 1442695040888963407ULL;
      values.push_back(0.02F * (static_cast<float>(state >> 40U) / 8388608.0F - 1.0F));
    }
  };
  for (std::size_t i = 0; i + 1 < layers.size(); ++i) {
    for (const lm::LinearPart& part : layers[i]->parts()) {
      adapter::LoraPair pair;
      pair.module = pair.key = part.module;
      pair.rank = rank;
      pair.in = layers[i]->in();
      pair.out = part.out;
      fill(pair.a, rank * pair.in);
      fill(pair.b, rank * pair.out);
      adapter.pairs.push_back(std::move(pair));
    }
  }
  return adapter;
}

void serve(const std::string& base, const std::vector<Lesson>& lessons, std::int64_t rank,
           int threads) {
  const ops::Workers workers(threads);
  const formats::ModelFolder folder(base);
  const lm::ModelConfig config = lm::read_model_config(folder.config());
  lm::Weights weights = lm::read_weights(workers, folder.weights(), config);
  lm::learn::LearningBase learning(weights, config);
  std::size_t longest = 0;
  for (const Lesson& lesson : lessons) longest = std::max(longest, lesson.ids.size());
  learning.reserve(static_cast<std::int64_t>(longest));
  const std::vector<TaskAdapter> adapters = {
      lm::learn::learnable(weights.linears(), random_adapter(weights.linears(), rank))};
  for (std::string line; std::getline(std::cin, line);) {
    const auto begun = std::chrono::steady_clock::now();
    const auto result = lm::learn::batch_gradient(workers, learning, lessons, adapters);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begun;
    const double sum = std::accumulate(result.losses.begin(), result.losses.end(), 0.0);
    std::cout << json_line({{"seconds", seconds.count()},
                            {"loss", sum / static_cast<double>(lessons.size())},
                            {"peak_gib", peak_gib()}})
              << std::endl;
  }
}

}  // namespace
}  // namespace dnd

int main(int argc, char** argv) {
  constexpr int kArguments = 5;
  if (argc != kArguments) {
    std::cerr << "usage: tuning_bench BASE LESSONS.jsonl RANK THREADS\n";
    return 64;
  }
  dnd::ops::set_up_process();
  const std::vector<std::string> words(argv + 1, argv + argc);
  dnd::serve(words[0], dnd::read_lessons(words[1]), std::stoll(words[2]), std::stoi(words[3]));
  return 0;
}
