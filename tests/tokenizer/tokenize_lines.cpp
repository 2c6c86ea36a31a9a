// tokenize_lines TOKENIZER_JSON|FOLDER|GGUF: one JSON text a line in, one JSON object a line out: ids without
// and with special tokens, and the text of the latter with and without them. What fails is null. Of a
// folder (as read_folder() has it) first a line of its special tokens, their ids and the chat templates.
// Exit code 65 where the file is refused, the reason on standard error.
#include <cstdio>
#include <iostream>
#include <string>

#include "base/json.h"
#include "base/paths.h"
#include "dnd/error.h"
#include "formats/weight_files.h"
#include "tokenizer/base_tokenizer.h"
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

template <typename Tokenizer>
dnd::Json answer(const Tokenizer& tokenizer, const std::string& text) {
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

template <typename Tokenizer>
void answer_lines(const Tokenizer& tokenizer) {
  for (std::string line; std::getline(std::cin, line);) {
    const std::string text = dnd::parse_json(line, "line").get<std::string>();
    std::cout << dnd::json_line(answer(tokenizer, text)) << '\n';
  }
}

dnd::Json facts(const dnd::tokenizer::FolderTokenizer& folder) {
  dnd::Json tokens = dnd::Json::object();
  for (const auto& [name, text] : folder.special_tokens) {
    const auto id = folder.special_id(name);
    tokens[name] = dnd::Json::array({text, id ? dnd::Json(*id) : dnd::Json(nullptr)});
  }
  dnd::Json templates = dnd::Json::object();
  for (const auto& [name, source] : folder.chat_templates) templates[name] = source;
  return {{"special_tokens", tokens}, {"chat_templates", templates}};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 64;
  try {
    const bool is_gguf = dnd::formats::has_gguf_name(argv[1]);
    if (is_gguf || dnd::is_folder(argv[1])) {
      const auto folder = dnd::tokenizer::read_folder(argv[1]);
      dnd::Json known = facts(folder);
      if (is_gguf) known["ends"] = folder.ends;
      std::cout << dnd::json_line(known) << '\n';
      answer_lines(*folder.tokenizer);
    } else {
      answer_lines(dnd::tokenizer::Tokenizer::from_file(argv[1]));
    }
  } catch (const dnd::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return static_cast<int>(error.kind());
  }
  return 0;
}
