#include "stop_signal.h"

#include <unistd.h>

#include <csignal>

namespace dnd::app {
namespace {

volatile std::sig_atomic_t signal_came = 0;

void on_stop_signal(int /*signal*/) {
  if (signal_came != 0) {
    constexpr char kWords[] = "\ndnd: ended at once: what was saved last is kept\n";
    [[maybe_unused]] const ssize_t said = ::write(STDERR_FILENO, kWords, sizeof(kWords) - 1);
    ::_exit(kInterrupted);
  }
  signal_came = 1;
}

}  // namespace

void stop_on_signals() {
  std::signal(SIGINT, on_stop_signal);
  std::signal(SIGTERM, on_stop_signal);
}

bool stop_requested() { return signal_came != 0; }

}  // namespace dnd::app
