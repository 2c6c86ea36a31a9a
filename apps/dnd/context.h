// What every subcommand shares: output modes, the installed data, exit codes.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/json.h"
#include "dnd/error.h"

namespace dnd::app {

// Options of the whole program, valid after parsing.
struct Context {
  bool json = false;   // machine output on stdout, one object a line
  bool quiet = false;  // warnings and errors only
  bool verbose = false;
  bool no_color = false;
  int exit_code = 0;          // of a command that went on after a failure
  std::function<void()> run;  // the chosen subcommand
};

// A group of lines for `--help`, printed before the options.
struct Example {
  std::string command;
  std::string comment;
};

// Adds a subcommand whose help shows `examples` first. `run` is called after parsing; without one
// the subcommand is a group of others that have it.
CLI::App& add_command(CLI::App& program, Context& context, const std::string& name,
                      const std::string& summary, const std::vector<Example>& examples,
                      std::function<void()> run);

// The same of a subcommand that was added otherwise.
void run_when_chosen(CLI::App& command, Context& context, std::function<void()> run);

// Prints one result line on standard output and flushes it, so that pipelines see it at once.
// Throws Error(io) if standard output is closed or full; a pipe that nobody reads any more ends the process
// by SIGPIPE.
void print_line(const std::string& line);
void print_json(const Json& value);
// The same without a line's end, of text as it comes.
void print_text(const std::string& text);

void add_generate(CLI::App& program, Context& context);
void add_import(CLI::App& program, Context& context);
void add_inspect(CLI::App& program, Context& context);
void add_merge(CLI::App& program, Context& context);
void add_compose(CLI::App& program, Context& context);
void add_layout(CLI::App& program, Context& context);
void add_encode(CLI::App& program, Context& context);
void add_eval(CLI::App& program, Context& context);
void add_convert(CLI::App& program, Context& context);
void add_codec(CLI::App& program, Context& context);
void add_verify(CLI::App& program, Context& context);
void add_new(CLI::App& program, Context& context);
void add_train(CLI::App& program, Context& context);
void add_tune(CLI::App& program, Context& context);
void add_run(CLI::App& program, Context& context);
void add_tokenize(CLI::App& program, Context& context);
void add_doctor(CLI::App& program, Context& context);
void add_completion(CLI::App& program, Context& context);
void add_man(CLI::App& program, Context& context);
void add_version(CLI::App& program, Context& context);

// What --version and `dnd version` print.
void print_version(bool json);

}  // namespace dnd::app
