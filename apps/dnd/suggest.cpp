#include "suggest.h"

#include <algorithm>

#include "base/strings.h"

namespace dnd::app {
namespace {

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  return names;
}

void append_option_names(const CLI::App& app, std::vector<std::string>& names) {
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
}

std::string did_you_mean(const std::string& near) {
  return near.empty() ? "" : cat("; did you mean '", near, "'?");
}

bool contains(const std::vector<std::string>& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

std::string explain_parse_error(const CLI::App& program, const CLI::ParseError& error,
                                const std::vector<std::string>& arguments) {
  std::vector<std::string> options;
  append_option_names(program, options);
  const CLI::App* app = &program;
  std::string help = "dnd";
  for (const std::string& word : arguments) {
    const std::vector<std::string> commands = command_names(*app);
    if (commands.empty()) break;
    if (word.starts_with('-')) continue;
    if (!contains(commands, word)) {
      return cat("'", printable(word), "' is not a command",
                 did_you_mean(nearest_word(word, commands)), " (see ", help, " --help)");
    }
    app = app->get_subcommand(word);
    append_option_names(*app, options);
    help += " " + word;
  }
  help += " --help";
  for (const std::string& argument : arguments) {
    const std::string name = argument.substr(0, argument.find('='));
    if (!name.starts_with("--") || name == "--" || contains(options, name)) continue;
    return cat("unknown option '", printable(name), "'", did_you_mean(nearest_word(name, options)),
               " (see ", help, ")");
  }
  return cat(error.what(), " (see ", help, ")");
}

}  // namespace dnd::app
