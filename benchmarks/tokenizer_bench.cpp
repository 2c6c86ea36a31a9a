// A tokenizer.json on lines of text by itself, for compare_tokenizers.py: reads all texts, then encodes
// every one for each line of stdin, in one thread.
//
//   tokenizer_bench TOKENIZER_JSON TEXTS
//   run         prints CPU seconds, how many ids there were and a sum over them as JSON
#include <ctime>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "base/json.h"
#include "dnd/error.h"
#include "tokenizer/tokenizer.h"

namespace dnd {
namespace {

std::vector<std::string> read_lines(const std::string& path) {
  std::vector<std::string> lines;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

// The sum tells other ids and another order apart: compare_tokenizers.py computes it, too.
void serve(const tokenizer::Tokenizer& tokenizer, const std::vector<std::string>& lines) {
  constexpr std::uint64_t kFactor = 1'000'003;
  for (std::string command; std::getline(std::cin, command);) {
    const double begun = cpu_seconds();
    std::vector<std::vector<tokenizer::TokenId>> all;
    all.reserve(lines.size());
    for (const std::string& line : lines) all.push_back(tokenizer.encode(line, true));
    const double seconds = cpu_seconds() - begun;
    std::uint64_t ids = 0, sum = 0;
    for (const auto& some : all) {
      ids += some.size();
      for (const tokenizer::TokenId id : some) {
        sum = (sum * kFactor + static_cast<std::uint64_t>(id)) & 0xFFFFFFFFU;
      }
    }
    std::cout << json_line({{"seconds", seconds}, {"ids", ids}, {"sum", sum}}) << std::endl;
  }
}

}  // namespace
}  // namespace dnd

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: tokenizer_bench TOKENIZER_JSON TEXTS\n";
    return 64;
  }
  try {
    dnd::serve(dnd::tokenizer::Tokenizer::from_file(argv[1]), dnd::read_lines(argv[2]));
  } catch (const dnd::Error& error) {
    std::cerr << "tokenizer_bench: " << error.what() << '\n';
    return static_cast<int>(error.kind());
  }
  return 0;
}
