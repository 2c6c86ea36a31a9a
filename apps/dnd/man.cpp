// dnd man: manual pages, made from the program's own help.
#include "base/strings.h"
#include "base/version.h"
#include "context.h"

namespace dnd::app {
namespace {

const std::string kPrefix = "dnd-";

// Text as roff takes it: no escapes, no requests.
std::string roff(std::string_view text) {
  std::string page;
  bool at_start = true;
  for (const char c : text) {
    if (at_start && (c == '.' || c == '\'')) page += "\\&";
    page += c == '\\' ? "\\e" : c == '-' ? "\\-" : std::string(1, c);
    at_start = c == '\n';
  }
  return page;
}

std::string section(std::string_view title) { return cat(".SH ", title, "\n"); }

// Lines as they stand.
std::string as_it_stands(std::string_view text) { return cat(".nf\n", roff(text), "\n.fi\n"); }

// A command's description: one line, an empty one, and what follows (its examples).
struct Description {
  std::string summary;
  std::string examples;  // without their title
};

Description describe(const CLI::App& app) {
  const std::string text = app.get_description();
  const std::size_t end = std::min(text.find('\n'), text.size());
  constexpr std::string_view kTitle = "Examples:\n";
  const std::size_t examples = text.find(kTitle);
  if (examples == std::string::npos) return {text.substr(0, end), ""};
  return {text.substr(0, end), std::string(trimmed(text.substr(examples + kTitle.size())))};
}

// ".TP" entries: the option in bold, what it takes in italics, what it does.
std::string option_entries(const CLI::App& app) {
  std::string page;
  for (const CLI::Option* option : app.get_options()) {
    const std::string names = option->get_name(/*positional=*/true, /*all_options=*/true);
    std::string type = option->get_items_expected_max() > 0 ? option->get_type_name() : "";
    if (!option->get_default_str().empty()) type += cat(" (", option->get_default_str(), ")");
    page +=
        cat(".TP\n\\fB", roff(names), "\\fR", type.empty() ? "" : cat(" \\fI", roff(type), "\\fR"),
            "\n", roff(option->get_description()), "\n");
  }
  return page;
}

std::string heading(const std::string& name, const std::string& summary) {
  return cat(".TH ", name, " 1 \"\" \"dnd ", version(), "\"\n", section("NAME"), roff(name),
             " \\- ", roff(summary), "\n");
}

std::string page_of_command(const CLI::App& command) {
  const Description said = describe(command);
  std::string page = heading(cat(kPrefix, command.get_name()), said.summary);
  page += cat(section("SYNOPSIS"), "\\fBdnd ", roff(command.get_name()), "\\fR [options]\n");
  if (!said.examples.empty()) page += section("EXAMPLES") + as_it_stands(said.examples);
  page += section("OPTIONS") + option_entries(command);
  for (const CLI::App* nested : command.get_subcommands({})) {
    page += cat(".SS dnd ", roff(command.get_name()), " ", roff(nested->get_name()), "\n",
                roff(describe(*nested).summary), "\n", option_entries(*nested));
  }
  return cat(page, section("SEE ALSO"), "\\fBdnd\\fR(1)\n");
}

std::string page_of_program(const CLI::App& program) {
  std::string page = heading("dnd", describe(program).summary);
  page += cat(section("SYNOPSIS"), "\\fBdnd\\fR [options] \\fIcommand\\fR [options]\n",
              section("OPTIONS"), option_entries(program), section("COMMANDS"));
  for (const CLI::App* command : program.get_subcommands({})) {
    page += cat(".TP\n\\fB", kPrefix, roff(command->get_name()), "\\fR(1)\n",
                roff(describe(*command).summary), "\n");
  }
  return page + section("ENVIRONMENT AND EXIT CODES") + as_it_stands(trimmed(program.get_footer()));
}

std::vector<std::string> page_names(const CLI::App& program) {
  std::vector<std::string> names = {"dnd"};
  for (const CLI::App* command : program.get_subcommands({})) {
    names.push_back(cat(kPrefix, command->get_name()));
  }
  return names;
}

struct ManOptions {
  std::string page = "dnd";
  bool names = false;
};

void run_man(const CLI::App& program, const ManOptions& options) {
  if (options.names) {
    for (const std::string& name : page_names(program)) print_line(name);
    return;
  }
  if (options.page == "dnd") return print_text(page_of_program(program));
  const auto commands = program.get_subcommands(
      [&](const CLI::App* command) { return kPrefix + command->get_name() == options.page; });
  if (commands.empty()) {
    fail(ErrorKind::usage, "man: no page '", printable(options.page), "'; there are ",
         joined(page_names(program)));
  }
  print_text(page_of_command(*commands[0]));
}

}  // namespace

void add_man(CLI::App& program, Context& context) {
  const auto options = std::make_shared<ManOptions>();
  CLI::App& command = add_command(program, context, "man", "Manual pages, as man reads them",
                                  {{"dnd man generate | man -l -", ""},
                                   {"dnd man --names", "all pages; an installation has them"}},
                                  [&program, options] { run_man(program, *options); });
  command.add_option("page", options->page, "A command (default: dnd itself)");
  command.add_flag("--names", options->names, "Print the names of the pages");
}

}  // namespace dnd::app
