// The small files of a base model's folder beside a sound tokenizer.json, in this order, parted by bytes
// 0xFF: tokenizer_config.json, config.json, special_tokens_map.json, added_tokens.json,
// chat_template.jinja and tokenizer.model; those that are empty are not there. Accepted: ids are known,
// their text is UTF-8.
#include <array>

#include "fuzz/check_tokenizer.h"

namespace dnd::fuzz {
namespace {

constexpr std::array<const char*, 6> kFiles = {"tokenizer_config.json",   "config.json",
                                               "special_tokens_map.json", "added_tokens.json",
                                               "chat_template.jinja",     "tokenizer.model"};
constexpr std::string_view kTokenizer =
    R"({"version": "1.0", "added_tokens": [{"id": 2, "content": "</s>",
  "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}],
  "normalizer": {"type": "NFC"}, "pre_tokenizer": {"type": "Whitespace"},
  "post_processor": null, "decoder": null,
  "model": {"type": "BPE", "unk_token": "a", "merges": ["t h"],
            "vocab": {"a": 0, "t": 1, "</s>": 2, "h": 3, "th": 4, "<s>": 5}}})";
constexpr std::string_view kText = " the <s> th</s>  \xC3\xA9 a \xFF<pad>";

void check_folder(const std::filesystem::path& path) {
  accepted([&] {
    const tokenizer::FolderTokenizer folder = tokenizer::read_folder(path);
    for (const auto& [name, text] : folder.special_tokens) folder.special_id(name);
    check_text(*folder.tokenizer, kText);
  });
}

}  // namespace
}  // namespace dnd::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dnd::fuzz;
  scratch().file("tokenizer.json", kTokenizer);
  std::string_view rest = as_text(data, size);
  for (const char* name : kFiles) {
    const std::size_t end = std::min(rest.find('\xFF'), rest.size());
    std::filesystem::remove(scratch() / name);
    if (end > 0) scratch().file(name, rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  check_folder(scratch().path());
  return 0;
}
