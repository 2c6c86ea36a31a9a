// dnd completion: scripts for bash, zsh and fish, made from the program's own options.
#include "base/strings.h"
#include "context.h"

namespace dnd::app {
namespace {

struct CommandWords {
  std::string name;
  std::string summary;
  std::vector<std::string> options;  // long names with dashes
};

std::vector<std::string> long_options(const CLI::App& app) {
  std::vector<std::string> words;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
  }
  return words;
}

std::vector<CommandWords> collect(const CLI::App& program) {
  const std::vector<std::string> shared = long_options(program);
  std::vector<CommandWords> commands;
  for (const CLI::App* command : program.get_subcommands({})) {
    const std::string text = command->get_description();
    CommandWords words{command->get_name(), text.substr(0, text.find('\n')),
                       long_options(*command)};
    for (const CLI::App* nested : command->get_subcommands({})) {
      words.options.push_back(nested->get_name());
      for (std::string& name : long_options(*nested)) words.options.push_back(std::move(name));
    }
    words.options.insert(words.options.end(), shared.begin(), shared.end());
    commands.push_back(std::move(words));
  }
  return commands;
}

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::string bash_script(const std::vector<CommandWords>& commands) {
  std::vector<std::string> names;
  std::string cases;
  for (const CommandWords& command : commands) {
    names.push_back(command.name);
    cases += cat("    ", command.name, ") words=\"", join(command.options), "\" ;;\n");
  }
  return cat("_dnd() {\n  local current=${COMP_WORDS[COMP_CWORD]} words\n",
             "  case ${COMP_WORDS[1]} in\n", cases, "    *) words=\"", join(names),
             " --help --version\" ;;\n  esac\n", "  [ \"$COMP_CWORD\" -eq 1 ] && words=\"",
             join(names), " --help --version\"\n",
             "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n}\n",
             "complete -o default -F _dnd dnd\n");
}

std::string fish_script(const std::vector<CommandWords>& commands) {
  std::string text = "complete -c dnd -n __fish_use_subcommand -l help -l version\n";
  for (const CommandWords& command : commands) {
    text += cat("complete -c dnd -n __fish_use_subcommand -a ", command.name, " -d \"",
                command.summary, "\"\n");
    for (const std::string& option : command.options) {
      const std::string condition = cat("'__fish_seen_subcommand_from ", command.name, "'");
      text += option.starts_with("--")
                  ? cat("complete -c dnd -n ", condition, " -l ", option.substr(2), "\n")
                  : cat("complete -c dnd -n ", condition, " -a ", option, "\n");
    }
  }
  return text;
}

}  // namespace

void add_completion(CLI::App& program, Context& context) {
  const auto shell = std::make_shared<std::string>();
  CLI::App& command = add_command(
      program, context, "completion", "Shell completion script for bash, zsh or fish",
      {{"source <(dnd completion bash)", "in ~/.bashrc"},
       {"dnd completion fish > ~/.config/fish/completions/dnd.fish", ""}},
      [&program, shell] {
        const auto commands = collect(program);
        if (*shell == "fish") return print_line(fish_script(commands));
        const char* zsh = *shell == "zsh" ? "autoload -U +X bashcompinit && bashcompinit\n" : "";
        print_line(zsh + bash_script(commands));
      });
  command.add_option("shell", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
}

}  // namespace dnd::app
