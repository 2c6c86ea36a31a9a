#include "progress.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/environment.h"
#include "base/log.h"
#include "base/strings.h"

namespace dnd::app {
namespace {

bool is_capable_terminal() { return ::isatty(STDERR_FILENO) != 0 && environment("TERM") != "dumb"; }

std::string time_text(double seconds) {
  const auto whole = std::lround(seconds);
  return whole < 60 ? cat(whole, " s") : cat(whole / 60, " min ", whole % 60, " s");
}

}  // namespace

Progress::Progress(bool quiet) : quiet_(quiet), terminal_(is_capable_terminal()) {}

void Progress::stage(const std::string& text) {
  if (quiet_) return;
  stage_ = text;
  started_ = Clock::now();
  last_drawn_ = {};
  if (terminal_) {
    update(0.0);
  } else {
    log_info(text);
  }
}

void Progress::say(const std::string& text) const {
  if (!quiet_ && !terminal_) log_info(text);
}

void Progress::update(double fraction) {
  const auto now = Clock::now();
  if (quiet_ || !terminal_ || now - last_drawn_ < std::chrono::milliseconds(100)) return;
  last_drawn_ = now;
  constexpr int kWidth = 24;
  const int filled = static_cast<int>(std::clamp(fraction, 0.0, 1.0) * kWidth);
  const double elapsed = std::chrono::duration<double>(now - started_).count();
  std::string left;
  if (fraction > 0.05) left = ", " + time_text(elapsed * (1.0 - fraction) / fraction) + " left";
  const std::string bar = std::string(filled, '#') + std::string(kWidth - filled, '.');
  std::fprintf(stderr, "\r\033[K[%s] %3d %%  %s%s", bar.c_str(), static_cast<int>(fraction * 100.0),
               stage_.c_str(), left.c_str());
  std::fflush(stderr);
  drawn_ = true;
}

void Progress::clear() {
  if (!drawn_) return;
  std::fputs("\r\033[K", stderr);
  std::fflush(stderr);
  drawn_ = false;
}

}  // namespace dnd::app
