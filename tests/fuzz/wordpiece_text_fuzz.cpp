// A choice of normalisation, then any bytes as a text: nothing may throw, ids are known, and a
// shorter length only cuts.
#include <algorithm>

#include "fuzz/fuzz_support.h"
#include "text/unicode.h"
#include "tokenizer/encoder_tokenizer.h"

namespace dnd::fuzz {
namespace {

constexpr std::size_t kChoices = 8;  // three flags
constexpr std::size_t kLength = 4096;
constexpr std::size_t kShorter = 7;

constexpr std::string_view kVocabulary =
    "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\nb\nab\n##a\n##b\n##ab\nThe\nthe\n,\né\n##é\ne\n##"
    "e\n中\n國\nß\n##\n１\n";

std::unique_ptr<text::TextTokenizer> make(std::size_t flags) {
  scratch().file("vocab.txt", kVocabulary);
  const auto flag = [&](std::size_t bit) { return (flags & bit) != 0 ? "true" : "false"; };
  scratch().file("tokenizer_config.json",
                 cat("{\"tokenize_chinese_chars\": ", flag(1), ", \"strip_accents\": ", flag(2),
                     ", \"do_lower_case\": ", flag(4), "}"));
  return tokenizer::load_encoder_tokenizer(scratch().path());
}

const text::TextTokenizer& tokenizer_with(std::size_t flags) {
  static const auto all = [] {
    std::vector<std::unique_ptr<text::TextTokenizer>> made;
    for (std::size_t i = 0; i < kChoices; ++i) made.push_back(make(i));
    return made;
  }();
  return *all[flags];
}

void check_encoding(const text::TextTokenizer& tokenizer, std::string_view text) {
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
std::string repaired(std::string_view bytes) {
  std::string out;
  for (const char32_t point : text::decode_utf8(bytes)) text::append_utf8(out, point);
  require(is_valid_utf8(out), "decoded text is UTF-8");
  return out;
}

}  // namespace
}  // namespace dnd::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dnd::fuzz;
  std::string_view text = as_text(data, size);
  const auto& chosen = tokenizer_with(take_choice(text, kChoices));
  check_encoding(chosen, text);
  require(chosen.encode(text, kLength) == chosen.encode(repaired(text), kLength),
          "bytes that are not UTF-8 count as U+FFFD");
  return 0;
}
