// tokenize_lines TOKENIZER_JSON: one JSON text a line in, one JSON object a line out: ids without and with
// special tokens, and the text of the latter with and without them. What fails is null. Exit code 65 where
// the file is refused, the reason on standard error.
#include <cstdio>
#include <iostream>
#include <string>

#include "base/json.h"
#include "dnd/error.h"
#include "tokenizer/tokenizer.h"

namespace {

template <typename Make>
dnd::Json or_null(const Make& make) {
  try {
    return make();
  } catch (const dnd::Error&) {
    return nullptr;
  }
}

dnd::Json answer(const dnd::tokenizer::Tokenizer& tokenizer, const std::string& text) {
  dnd::Json out = dnd::Json::object();
  out["ids"] = or_null([&] { return dnd::Json(tokenizer.encode(text, false)); });
  out["all"] = or_null([&] { return dnd::Json(tokenizer.encode(text, true)); });
  const auto decoded = [&](bool skip) {
    return or_null([&] { return dnd::Json(tokenizer.decode(tokenizer.encode(text, true), skip)); });
  };
  out["text"] = decoded(false);
  out["plain"] = decoded(true);
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 64;
  try {
    const auto tokenizer = dnd::tokenizer::Tokenizer::from_file(argv[1]);
    for (std::string line; std::getline(std::cin, line);) {
      const std::string text = dnd::parse_json(line, "line").get<std::string>();
      std::cout << dnd::json_line(answer(tokenizer, text)) << '\n';
    }
  } catch (const dnd::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return static_cast<int>(error.kind());
  }
  return 0;
}
