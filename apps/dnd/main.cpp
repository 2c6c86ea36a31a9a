// The program: parses the call, runs one subcommand, turns errors into messages and exit codes.
#include <fcntl.h>
#include <unistd.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <iostream>
#include <new>
#include <string_view>
#include <system_error>

#include "base/log.h"
#include "base/strings.h"
#include "base/version.h"
#include "context.h"
#include "engine_loader.h"
#include "suggest.h"

namespace dnd::app {
namespace {

constexpr const char* kEmptyText = "is empty (an unset variable in the call?)";
constexpr const char* kMayBeEmpty = "key-prefix";  // names may begin with nothing

constexpr const char* kFooter = R"(
Environment:
  DND_MODEL           generator bundle, or its name, used where --model is not given
  DND_MODEL_PATH      folders with generators, colons between them, found by their folder's name
  DND_ENCODERS        folder with text encoders, one subfolder per name
  DND_ENGINE_LIBRARY  path of libdnd_engine.so, where it is not in its usual place
  DND_CUDA_LIBRARY    path of libdnd_cuda.so, where it is not beside the engine
  NO_COLOR            no colours on standard error

Exit codes:
  0 done  64 usage  65 bad input data  66 input missing  69 device or library unavailable
  70 internal  73 cannot create  74 read/write error  75 out of memory  130 interrupted

Results go to standard output, everything else to standard error.)";

// Lists subcommands with the first line of their description only.
class HelpFormatter : public CLI::Formatter {
 public:
  HelpFormatter() { column_width(34); }

  std::string make_subcommand(const CLI::App* command) const override {
    const std::string text = command->get_description();
    std::string line = "  " + command->get_name();
    line.resize(std::max<std::size_t>(line.size() + 1, 14), ' ');
    return line + text.substr(0, text.find('\n')) + "\n";
  }
};

int usage_error(const std::string& message) {
  log_error(message);
  return static_cast<int>(ErrorKind::usage);
}

// The first Ctrl-C ends at once: what is being made has a temporary name and the next call removes it.
void on_interrupt(int /*signal*/) {
  constexpr char kMessage[] = "\ndnd: interrupted\n";
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, kMessage, sizeof(kMessage) - 1);
  ::_exit(130);
}

// A failed write to a closed pipe (EPIPE), or beyond the limit of file sizes (EFBIG; ulimit -f), should be
// an error that is told, not a silent death, unless the pipe is standard output (context.cpp).
void configure_signals() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  std::signal(SIGINT, on_interrupt);
  std::signal(SIGTERM, on_interrupt);
}

// Where the caller closed a standard stream, no file of ours may get its number: what is printed
// would land in that file. Read-only, so that writing there stays an error.
void occupy_standard_streams() {
  int descriptor = 0;
  while (descriptor >= 0 && descriptor <= STDERR_FILENO) {
    descriptor = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  }
  if (descriptor > STDERR_FILENO) ::close(descriptor);
}

// Tensors come and go by the hundred megabytes. The C library would return each to the system and
// fault its pages in again for the next.
void keep_freed_memory() {
#ifdef __GLIBC__
  ::mallopt(M_MMAP_MAX, 0);
  ::mallopt(M_TRIM_THRESHOLD, -1);
#endif
}

// An unset variable in a script's call ("--base "$BASE"") must not mean that the option was not given.
void refuse_empty_texts(CLI::App& command) {
  for (CLI::Option* option : command.get_options()) {
    if (option->get_items_expected_max() == 0 || option->check_lname(kMayBeEmpty)) continue;
    option->check([](const std::string& text) { return text.empty() ? kEmptyText : ""; });
  }
  for (CLI::App* inner : command.get_subcommands({})) refuse_empty_texts(*inner);
}

bool contains(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// `dnd help generate` means `dnd generate --help`; `dnd man generate` names the page dnd-generate, lest the
// word is taken for a second command.
std::vector<std::string> words_of(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  if (!words.empty() && words[0] == "help") {
    words.erase(words.begin());
    words.emplace_back("--help");
  }
  if (words.size() > 1 && words[0] == "man" && !words[1].empty() && !words[1].starts_with('-') &&
      !words[1].starts_with("dnd")) {
    words[1].insert(0, "dnd-");
  }
  return words;
}

int parse_and_run(CLI::App& program, Context& context, const std::vector<std::string>& words) {
  configure_log({.level = LogLevel::info, .allow_color = !contains(words, "--no-color")});
  try {
    program.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::CallForHelp& call) {
    const auto chosen = program.get_subcommands();
    if (chosen.empty() && !words[0].starts_with('-')) {
      return usage_error(explain_parse_error(program, call, words));
    }
    print_line(chosen.empty() ? program.help() : chosen[0]->help(program.get_name()));
    return 0;
  } catch (const CLI::CallForVersion&) {
    print_version(contains(words, "--json"));
    return 0;
  } catch (const CLI::ParseError& error) {
    return usage_error(explain_parse_error(program, error, words));
  }
  configure_log({.level = context.quiet     ? LogLevel::warning
                          : context.verbose ? LogLevel::debug
                                            : LogLevel::info,
                 .allow_color = !context.no_color});
  if (!context.run) {
    std::cerr << program.help();
    return static_cast<int>(ErrorKind::usage);
  }
  context.run();
  return context.exit_code;
}

int run(int argc, char** argv) {
  CLI::App program("Prompts in, LoRA adapter out: Drag-and-Drop LLMs as a native tool.", "dnd");
  Context context;
  program.formatter(std::make_shared<HelpFormatter>());
  program.footer(kFooter);
  program.set_version_flag("-V,--version", version(), "Print the version and exit");
  program.set_help_flag("-h,--help", "Print this help and exit");
  program.add_flag("--json", context.json, "Machine output: one JSON object a line on stdout");
  program.add_flag("-q,--quiet", context.quiet, "Warnings and errors only");
  program.add_flag("-v,--verbose", context.verbose, "More about what happens");
  program.add_flag("--no-color", context.no_color, "No colours");
  add_generate(program, context);
  add_import(program, context);
  add_inspect(program, context);
  add_verify(program, context);
  add_eval(program, context);
  add_run(program, context);
  add_convert(program, context);
  add_merge(program, context);
  add_compose(program, context);
  add_layout(program, context);
  add_encode(program, context);
  add_codec(program, context);
  add_tokenize(program, context);
  add_new(program, context);
  add_train(program, context);
  add_tune(program, context);
  add_doctor(program, context);
  add_completion(program, context);
  add_man(program, context);
  add_version(program, context);
  refuse_empty_texts(program);
  return parse_and_run(program, context, words_of(argc, argv));
}

// What no handler can catch: an exception where a library starts or in a thread of its own.
[[noreturn]] void end_uncaught() {
  int code = static_cast<int>(ErrorKind::internal);
  try {
    if (std::current_exception()) throw;
    log_error("internal error: std::terminate()");
  } catch (const std::bad_alloc&) {
    log_error("out of memory");
    code = static_cast<int>(ErrorKind::memory);
  } catch (const std::exception& error) {
    log_error(cat("internal error: ", error.what()));
  } catch (...) {
    log_error("internal error: an exception of unknown kind");
  }
  std::_Exit(code);
}

int report(const std::exception& error) {
  log_error(cat("internal error: ", error.what()));
  return static_cast<int>(ErrorKind::internal);
}

int run_and_report(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const Error& error) {
    log_error(error.what());
    return static_cast<int>(error.kind());
  } catch (const std::bad_alloc&) {
    log_error("out of memory");
    return static_cast<int>(ErrorKind::memory);
  } catch (const std::system_error& error) {
    if (error.code() != std::errc::resource_unavailable_try_again) return report(error);
    log_error(
        "the system gives no further thread (a limit of processes or memory: ulimit -u, -v?)");
    return static_cast<int>(ErrorKind::memory);
  } catch (const std::exception& error) {
    return report(error);
  }
}

}  // namespace
}  // namespace dnd::app

int main(int argc, char** argv) {
  dnd::app::occupy_standard_streams();
  dnd::app::configure_signals();
  std::set_terminate(dnd::app::end_uncaught);
  dnd::app::keep_freed_memory();
  const int code = dnd::app::run_and_report(argc, argv);
  dnd::app::leave_engine(code);
  return code;
}
