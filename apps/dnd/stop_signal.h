// Ctrl-C and termination of long work: it ends where it can be gone on with.
#pragma once

namespace dnd::app {

// The exit code of a call that was stopped.
inline constexpr int kInterrupted = 130;

// From here on the first SIGINT or SIGTERM is only noted, the second ends the process at once,
// with a word.
void stop_on_signals();
bool stop_requested();

}  // namespace dnd::app
