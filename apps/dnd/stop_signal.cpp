#include "stop_signal.h"

#include <unistd.h>

#include <array>
#include <csignal>
#include <cstddef>

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
  // Kernels that oneDNN writes at run time keep data where a handler's frame would lie: it gets a stack of
  // its own. Threads that compute take no signals (ops/workers.h).
  alignas(16) static std::array<char, std::size_t{1} << 16U> room;
  stack_t stack{};
  stack.ss_sp = room.data();
  stack.ss_size = room.size();
  ::sigaltstack(&stack, nullptr);
  struct sigaction action {};
  action.sa_handler = on_stop_signal;
  action.sa_flags = SA_ONSTACK | SA_RESTART;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

bool stop_requested() { return signal_came != 0; }

}  // namespace dnd::app
