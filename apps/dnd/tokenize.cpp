// dnd tokenize: texts -> the ids and pieces that a model gets.
#include <iostream>
#include <string>
#include <vector>

#include "base/paths.h"
#include "base/strings.h"
#include "chat_options.h"
#include "context.h"
#include "generate/generator.h"
#include "source_options.h"
#include "tokenizer/base_tokenizer.h"

namespace dnd::app {
namespace {

struct TokenizeOptions {
  std::filesystem::path base;
  std::filesystem::path encoder;
  chat::ChatOptions chat = {.mode = "none"};
  bool no_special = false;
};

// What stands before the tokenizer: a template that makes texts of messages, or nothing.
struct TextMaker {
  tokenizer::FolderTokenizer folder;
  chat::BaseChat chat;
};

// A folder, or the name of an encoder that is installed.
std::filesystem::path installed_encoder(const std::string& given) {
  for (std::filesystem::path& place : generate::installed_places(given)) {
    if (!path_exists(given) && path_exists(place)) return std::move(place);
  }
  return formats::find_model(given).path;
}

TextMaker open_texts(const TokenizeOptions& options) {
  if (options.base.empty() == options.encoder.empty()) {
    fail(ErrorKind::usage, "tokenize: needs either --base or --encoder");
  }
  const std::filesystem::path given = options.base.empty() ? options.encoder : options.base;
  const std::filesystem::path folder =
      options.base.empty() ? installed_encoder(given.string()) : base_place(given).path;
  tokenizer::FolderTokenizer read = tokenizer::read_folder(folder);
  chat::BaseChat chat(read, folder.string(), options.chat);
  return {std::move(read), std::move(chat)};
}

std::vector<chat::Message> messages_of(const Json& list, const std::string& where) {
  std::vector<chat::Message> messages;
  for (const Json& entry : list) {
    JsonObject object(entry, where);
    messages.push_back({object.text("role"), object.text("content")});
    object.refuse_unknown_keys();
  }
  return messages;
}

std::string text_of(const Json& line, const chat::BaseChat& chat, const std::string& where) {
  if (line.is_string()) return chat.prompt_of(line.get<std::string>());
  if (line.is_array() && chat.has_template()) return chat.prompt_of(messages_of(line, where));
  fail(ErrorKind::data, where, ": expected a JSON string",
       chat.has_template() ? " or a list of messages" : "", ", got ", line.type_name());
}

Json tokens_json(const tokenizer::BaseTokenizer& tokenizer, const std::string& text, bool markers) {
  const std::vector<tokenizer::TokenId> ids = tokenizer.encode(text, markers);
  Json pieces = Json::array();
  for (const tokenizer::TokenId id : ids) pieces.push_back(tokenizer.token_of(id).value_or(""));
  return {{"ids", ids}, {"pieces", pieces}};
}

void run_tokenize(const TokenizeOptions& options) {
  const TextMaker texts = open_texts(options);
  const bool markers = !options.no_special && !texts.chat.has_template();
  std::size_t number = 0;
  for (std::string line; std::getline(std::cin, line);) {
    const std::string where = cat("standard input: line ", ++number);
    if (trimmed(line).empty()) continue;
    const std::string text = text_of(parse_json(line, where), texts.chat, where);
    print_json(tokens_json(*texts.folder.tokenizer, text, markers));
  }
}

}  // namespace

void add_tokenize(CLI::App& program, Context& context) {
  const auto options = std::make_shared<TokenizeOptions>();
  CLI::App& command = add_command(
      program, context, "tokenize", "Texts -> the ids that a model gets",
      {{"printf '\"two words\"\\n' | dnd tokenize --base BASE", "a JSON string a line"},
       {"dnd tokenize --base BASE --chat auto < messages.jsonl", "through the chat template"}},
      [options] { run_tokenize(*options); });
  command.add_option("-b,--base", options->base,
                     "Base model: folder, .gguf or name in the hub's cache");
  command.add_option("--encoder", options->encoder, "Text encoder: folder or name");
  add_chat_options(command, options->chat);
  command.add_flag("--no-special", options->no_special,
                   "Without the markers that the tokenizer puts around a text");
}

}  // namespace dnd::app
