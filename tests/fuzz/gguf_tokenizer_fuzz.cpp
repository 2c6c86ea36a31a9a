// A whole GGUF file for its tokenizer. Accepted: ids are known, decoded texts are UTF-8, ends are tokens.
#include "formats/gguf.h"
#include "fuzz/check_tokenizer.h"
#include "tokenizer/gguf_tokenizer.h"

namespace dnd::fuzz {
namespace {

constexpr std::string_view kText =
    " the <s> th</s>  12345 don't\n\n \xC3\xA9 a \xFF<pad>\xF0\x9F\xA6\x99";

void check_file(const std::filesystem::path& path) {
  accepted([&] {
    const tokenizer::FolderTokenizer read = tokenizer::read_gguf_tokenizer(formats::GgufFile(path));
    for (const auto& [name, text] : read.special_tokens) {
      require(read.special_id(name).has_value(), "a special token has an id");
    }
    for (const tokenizer::TokenId id : read.ends) check_id(*read.tokenizer, id);
    check_text(*read.tokenizer, kText);
  });
}

}  // namespace
}  // namespace dnd::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dnd::fuzz;
  check_file(scratch().file("x.gguf", as_text(data, size)));
  return 0;
}
