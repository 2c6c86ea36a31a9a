#include "chat_options.h"

namespace dnd::app {

void add_chat_options(CLI::App& command, chat::ChatOptions& options) {
  command
      .add_option("--chat", options.mode,
                  "How the base is asked: auto (by its own chat template, if any), none, or a\n"
                  "file with a template")
      ->capture_default_str();
  command.add_option("--system", options.system,
                     "The template's system text (default: what the template itself says)");
}

chat::BaseChat open_chat(const std::filesystem::path& base, const chat::ChatOptions& options) {
  return {tokenizer::read_folder(base), base.string(), options};
}

}  // namespace dnd::app
