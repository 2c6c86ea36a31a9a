// dnd version: what --version says, as a command.
#include "base/version.h"

#include "base/build_id.h"
#include "base/strings.h"
#include "context.h"

namespace dnd::app {

void print_version(bool json) {
  if (!json) return print_line(cat("dnd ", version()));
  print_json({{"version", version()}, {"build", build_id()}});
}

void add_version(CLI::App& program, Context& context) {
  add_command(program, context, "version", "The version",
              {{"dnd version --json", "with the build's id"}},
              [&context] { print_version(context.json); });
}

}  // namespace dnd::app
