// Bytes of a spiece.model or tokenizer.model, which libsentencepiece parses. Accepted: texts get ids
// that it knows, and any ids are a text.
#include "fuzz/fuzz_support.h"
#include "text/lm_tokenizer.h"
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

void check_lm_tokenizer(const text::LmTokenizer& tokenizer) {
  std::vector<std::int32_t> ids = tokenizer.encode(kText);
  for (const std::int32_t id : ids) {
    require(id >= 0 && id < tokenizer.vocabulary_size(), "every id is below the vocabulary's size");
  }
  tokenizer.decode(ids);
  for (std::int32_t id = -1; id < 300; ++id) ids.push_back(id);
  tokenizer.decode(ids);
}

}  // namespace
}  // namespace dnd::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dnd::fuzz;
  scratch().file("spiece.model", as_text(data, size));
  accepted([] { check_tokenizer(*dnd::text::load_sentencepiece(scratch().path())); });
  scratch().file("tokenizer.model", as_text(data, size));
  scratch().file("tokenizer_config.json", R"({"add_bos_token": false})");
  accepted([] { check_lm_tokenizer(dnd::text::LmTokenizer(scratch().path())); });
  return 0;
}
