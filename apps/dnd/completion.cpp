// dnd completion: scripts for bash, zsh and fish, made from the program's own options.
#include "base/strings.h"
#include "context.h"

namespace dnd::app {
namespace {

struct OptionWords {
  std::vector<std::string> names;  // with dashes
  std::string summary;
  std::vector<std::string> choices;
  bool takes_value = false;
};

struct CommandWords {
  std::string name;
  std::string summary;
  std::vector<std::string> nested;  // commands of its own
  std::vector<OptionWords> options;
};

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

// What CLI::IsMember writes into an option's type: "TEXT:{random,first}".
std::vector<std::string> choices_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const std::size_t open = type.find('{');
  const std::size_t close = type.find('}', open);
  if (open == std::string::npos || close == std::string::npos) return {};
  return CLI::detail::split(type.substr(open + 1, close - open - 1), ',');
}

std::vector<OptionWords> options_of(const CLI::App& app) {
  std::vector<OptionWords> options;
  for (const CLI::Option* option : app.get_options()) {
    OptionWords words{{},
                      first_line(option->get_description()),
                      choices_of(*option),
                      option->get_items_expected_max() > 0};
    for (const std::string& name : option->get_lnames()) words.names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) words.names.push_back("-" + name);
    options.push_back(std::move(words));
  }
  return options;
}

void append(std::vector<OptionWords>& options, std::vector<OptionWords> others) {
  options.insert(options.end(), std::make_move_iterator(others.begin()),
                 std::make_move_iterator(others.end()));
}

std::vector<CommandWords> collect(const CLI::App& program) {
  std::vector<CommandWords> commands;
  for (const CLI::App* command : program.get_subcommands({})) {
    CommandWords words{
        command->get_name(), first_line(command->get_description()), {}, options_of(*command)};
    for (const CLI::App* nested : command->get_subcommands({})) {
      words.nested.push_back(nested->get_name());
      append(words.options, options_of(*nested));
    }
    append(words.options, options_of(program));
    commands.push_back(std::move(words));
  }
  return commands;
}

std::string join(const std::vector<std::string>& words, const char* between = " ") {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : between) + word;
  return text;
}

// What may follow an option; nothing where it is a file or a text, which the shell then completes.
std::string bash_values(const CommandWords& command) {
  std::string cases;
  for (const OptionWords& option : command.options) {
    if (!option.takes_value || option.names.empty()) continue;
    std::vector<std::string> patterns;
    for (const std::string& name : option.names) {
      patterns.push_back(cat("\"", command.name, " ", name, "\""));
    }
    cases += cat("    ", join(patterns, "|"), ") words=\"", join(option.choices), "\" ;;\n");
  }
  return cases;
}

std::string bash_words(const CommandWords& command) {
  std::vector<std::string> words = command.nested;
  for (const OptionWords& option : command.options) {
    if (!option.names.empty() && option.names[0].starts_with("--"))
      words.push_back(option.names[0]);
    if (option.names.empty())
      words.insert(words.end(), option.choices.begin(), option.choices.end());
  }
  return cat("    \"", command.name, " \"*) words=\"", join(words), "\" ;;\n");
}

// The command is the first word that is no option: those before it take no values.
std::string bash_script(const std::vector<CommandWords>& commands) {
  std::vector<std::string> names;
  std::string cases;
  for (const CommandWords& command : commands) {
    names.push_back(command.name);
    cases += bash_values(command) + bash_words(command);
  }
  return cat(R"(_dnd() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command= word words
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in -*) ;; *) command=$word; break ;; esac
  done
  case "$command $previous" in
)",
             cases, "    *) words=\"", join(names),
             R"( --help --version --json --quiet --verbose --no-color" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _dnd dnd
)");
}

std::string in_quotes(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' || c == '\\' ? cat("\\", c) : std::string(1, c);
  return quoted + "'";
}

std::string fish_option(const CommandWords& command, const OptionWords& option) {
  std::string line = cat("complete -c dnd -n '__fish_seen_subcommand_from ", command.name, "'");
  for (const std::string& name : option.names) {
    line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  }
  if (!option.choices.empty()) {
    line += cat(option.names.empty() ? " -f -a " : " -x -a ", in_quotes(join(option.choices)));
  } else if (option.takes_value) {
    line += " -r";
  }
  return cat(line, " -d ", in_quotes(option.summary), "\n");
}

std::string fish_script(const std::vector<CommandWords>& commands) {
  std::string text = "complete -c dnd -n __fish_use_subcommand -l help -l version\n";
  for (const CommandWords& command : commands) {
    text += cat("complete -c dnd -n __fish_use_subcommand -a ", command.name, " -d ",
                in_quotes(command.summary), "\n");
    for (const std::string& nested : command.nested) {
      text += cat("complete -c dnd -n '__fish_seen_subcommand_from ", command.name, "' -a ", nested,
                  "\n");
    }
    for (const OptionWords& option : command.options) {
      if (!option.names.empty() || !option.choices.empty()) text += fish_option(command, option);
    }
  }
  return text;
}

// zsh runs bash's script; its own completion has to be there first.
constexpr const char* kZshStart =
    "(( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }\n"
    "autoload -U +X bashcompinit && bashcompinit\n";

}  // namespace

void add_completion(CLI::App& program, Context& context) {
  const auto shell = std::make_shared<std::string>();
  CLI::App& command =
      add_command(program, context, "completion", "Shell completion script for bash, zsh or fish",
                  {{"source <(dnd completion bash)", "in ~/.bashrc"},
                   {"dnd completion fish > ~/.config/fish/completions/dnd.fish", ""}},
                  [&program, shell] {
                    const auto commands = collect(program);
                    if (*shell == "fish") return print_text(fish_script(commands));
                    print_text((*shell == "zsh" ? kZshStart : "") + bash_script(commands));
                  });
  command.add_option("shell", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
}

}  // namespace dnd::app
