// A choice of normalisation, then any bytes as a text: nothing may throw, ids are known, and a
// shorter length only cuts.
#include <algorithm>

#include "fuzz/fuzz_support.h"
#include "text/unicode.h"
#include "text/wordpiece.h"

namespace dnd::fuzz {
namespace {

using namespace text;

constexpr std::size_t kChoices = 16;  // four flags
constexpr std::size_t kLength = 4096;
constexpr std::size_t kShorter = 7;

WordPieceConfig small_config(std::size_t flags) {
  WordPieceConfig config;
  std::int32_t id = 0;
  for (const char* piece :
       {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "b",   "ab", "##a", "##b", "##ab", "The",
        "the",   ",",     "é",     "##é",   "e", "##e", "中", "國",  "ß",   "##",   "１"}) {
    config.vocabulary[piece] = id++;
  }
  config.specials = {{"[SEP]", 3}, {"[SEP]]", 22}};
  config.normalization = {(flags & 1U) != 0, (flags & 2U) != 0, (flags & 4U) != 0,
                          (flags & 8U) != 0};
  config.longest_word = 20;
  config.unknown_id = 1;
  config.begin_id = 2;
  config.end_id = 3;
  return config;
}

const WordPieceTokenizer& tokenizer(std::size_t flags) {
  static const auto all = [] {
    std::vector<std::unique_ptr<WordPieceTokenizer>> made;
    for (std::size_t i = 0; i < kChoices; ++i) {
      made.push_back(std::make_unique<WordPieceTokenizer>(small_config(i)));
    }
    return made;
  }();
  return *all[flags];
}

void check_encoding(const WordPieceTokenizer& tokenizer, std::string_view text) {
  const std::vector<std::int32_t> ids = tokenizer.encode(text, kLength);
  require(ids.size() >= 2 && ids.size() <= kLength, "the length holds");
  require(ids.front() == 2 && ids.back() == 3, "[CLS] begins and [SEP] ends");
  require(std::all_of(ids.begin(), ids.end(),
                      [&](auto id) { return id >= 0 && id < tokenizer.vocabulary_size(); }),
          "every id is below the vocabulary's size");
  std::vector<std::int32_t> cut = ids;
  if (cut.size() > kShorter) {
    cut.resize(kShorter);
    cut.back() = 3;
  }
  require(tokenizer.encode(text, kShorter) == cut, "a shorter length only cuts");
}

// Ill-formed bytes stand for U+FFFD.
std::string repaired(std::string_view text) {
  std::string out;
  for (const char32_t point : decode_utf8(text)) append_utf8(out, point);
  require(is_valid_utf8(out), "decoded text is UTF-8");
  return out;
}

}  // namespace
}  // namespace dnd::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dnd::fuzz;
  std::string_view text = as_text(data, size);
  const auto& chosen = tokenizer(take_choice(text, kChoices));
  check_encoding(chosen, text);
  require(chosen.encode(text, kLength) == chosen.encode(repaired(text), kLength),
          "bytes that are not UTF-8 count as U+FFFD");
  return 0;
}
