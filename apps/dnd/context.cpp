#include "context.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <system_error>
#include <utility>

#include "base/strings.h"

namespace dnd::app {
namespace {

// Who reads has read enough (`| head -1`): the end that other programs come to then, without a word.
void end_as_a_filter() {
  std::signal(SIGPIPE, SIG_DFL);
  std::raise(SIGPIPE);
}

// "-" is no file to make: standard output is where paths of outputs go. (`layout` writes its one file there.)
void refuse_standard_output(const CLI::App& command) {
  const CLI::Option* out = command.get_option_no_throw("--out");
  if (out == nullptr || out->count() == 0 || command.get_name() == "layout") return;
  if (out->as<std::string>() != "-") return;
  fail(ErrorKind::usage, command.get_name(),
       ": --out -: nothing is written to standard output, which gets the path of what is made; "
       "name a place, e.g. --out ",
       command.get_name(), ".out (one that is called '-' is ./-)");
}

}  // namespace

CLI::App& add_command(CLI::App& program, Context& context, const std::string& name,
                      const std::string& summary, const std::vector<Example>& examples,
                      std::function<void()> run) {
  std::string text = summary + "\n\nExamples:\n";
  for (const Example& example : examples) {
    if (!example.comment.empty()) text += "  # " + example.comment + "\n";
    text += "  " + example.command + "\n";
  }
  CLI::App* command = program.add_subcommand(name, text);
  command->fallthrough();
  if (run) run_when_chosen(*command, context, std::move(run));
  return *command;
}

void run_when_chosen(CLI::App& command, Context& context, std::function<void()> run) {
  command.callback([&context, &command, run = std::move(run)] {
    context.run = [&command, run] {
      refuse_standard_output(command);
      run();
    };
  });
}

void print_text(const std::string& text) {
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (!written || std::fflush(stdout) != 0) {
    if (errno == EPIPE) end_as_a_filter();
    fail(ErrorKind::io, "standard output: ", system_reason(errno));
  }
}

void print_line(const std::string& line) { print_text(line + "\n"); }

void print_json(const Json& value) { print_line(json_line(value)); }

}  // namespace dnd::app
