// A choice of file, then its bytes: vocab.txt, tokenizer.json, or tokenizer_config.json beside a
// sound vocab.txt. Accepted: the tokenizer gives ids that it knows.
#include <array>

#include "fuzz/fuzz_support.h"
#include "tokenizer/encoder_tokenizer.h"

namespace dnd::fuzz {
namespace {

constexpr std::array<const char*, 3> kFiles = {"vocab.txt", "tokenizer.json",
                                               "tokenizer_config.json"};
constexpr std::string_view kVocabulary = "[PAD]\n[UNK]\n[CLS]\n[SEP]\nthe\n##s\n";
constexpr std::string_view kText = "The theses [SEP] 中é the, x\xFF";

void check_tokenizer(const std::filesystem::path& folder) {
  accepted([&] {
    const auto tokenizer = tokenizer::load_encoder_tokenizer(folder);
    for (const std::int32_t id : tokenizer->encode(kText, 64)) {
      require(id >= 0 && id < tokenizer->vocabulary_size(),
              "every id is below the vocabulary's size");
    }
    require(tokenizer->padding_id() < tokenizer->vocabulary_size(), "so is the padding's");
  });
}

}  // namespace
}  // namespace dnd::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dnd::fuzz;
  std::string_view input = as_text(data, size);
  const std::size_t choice = take_choice(input, kFiles.size());
  for (const char* name : kFiles) std::filesystem::remove(scratch() / name);
  if (choice == 2) scratch().file("vocab.txt", kVocabulary);
  scratch().file(kFiles[choice], input);
  check_tokenizer(scratch().path());
  return 0;
}
