// A tokenizer.json. Accepted: it gives ids that it knows for hard texts, the same ones again, and their
// text is UTF-8; or it refuses a text in one short line.
#include <array>

#include "fuzz/fuzz_support.h"
#include "tokenizer/tokenizer.h"

namespace dnd::fuzz {
namespace {

constexpr std::array<std::string_view, 4> kTexts = {
    "",
    "The theses' 3.14 <s>x</s>  \xC3\xA9\xCC\x81 \xE4\xB8\xAD\xE6\x96\x87\n\t\xF0\x9F\x91\x8D "
    "ab##ab",
    "   aaaaaaaaaaaaaaaa  \xFF\xED\xA0\x80",
    "\xE2\x96\x81\xE2\x96\x81"
    "ab\xC2\xA0\r\n\xE2\x80\x8D"};

void check_text(const tokenizer::Tokenizer& tokenizer, std::string_view text) {
  accepted([&] {
    const auto ids = tokenizer.encode(text, false);
    for (const tokenizer::TokenId id : ids) {
      require(id >= 0 && id < tokenizer.vocabulary_size(),
              "every id is below the vocabulary's size");
      require(tokenizer.token_of(id).has_value(), "every id has a token");
    }
    require(tokenizer.encode(text, false) == ids, "a text has the same ids again");
    require(is_valid_utf8(tokenizer.decode(ids, false)), "a decoded text is UTF-8");
    tokenizer.decode(tokenizer.encode(text, true), true);
  });
}

}  // namespace
}  // namespace dnd::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dnd::fuzz;
  accepted([&] {
    const auto tokenizer = dnd::tokenizer::Tokenizer::from_json(as_text(data, size), "fuzz");
    for (const std::string_view text : kTexts) check_text(tokenizer, text);
  });
  return 0;
}
