// Bytes of a spiece.model, which libsentencepiece parses. Accepted: texts get ids that it knows.
#include "fuzz/fuzz_support.h"
#include "text/sentencepiece.h"

namespace dnd::fuzz {
namespace {

constexpr std::string_view kText = "The theses </s> tttt \xEF\xAC\x81, 中é x\xFF";

void check_tokenizer(const text::TextTokenizer& tokenizer) {
  for (const std::int32_t id : tokenizer.encode(kText, 64)) {
    require(id >= 0 && id < tokenizer.vocabulary_size(), "every id is below the vocabulary's size");
  }
  require(tokenizer.padding_id() < tokenizer.vocabulary_size(), "so is the padding's");
}

}  // namespace
}  // namespace dnd::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dnd::fuzz;
  scratch().file("spiece.model", as_text(data, size));
  accepted([] { check_tokenizer(*dnd::text::load_sentencepiece(scratch().path())); });
  return 0;
}
