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

// How often a bar is drawn, and how often a line is said where there is none.
constexpr std::chrono::milliseconds kRedrawn(100);
constexpr std::chrono::milliseconds kSaidAgain(10000);

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
  last_shown_ = terminal_ ? Clock::time_point{} : started_;
  if (terminal_) {
    update(0.0);
  } else {
    log_info(text);
  }
}

void Progress::say(const std::string& text) {
  if (quiet_ || terminal_) return;
  last_shown_ = Clock::now();
  log_info(text);
}

void Progress::update(double fraction) {
  const auto now = Clock::now();
  if (quiet_ || now - last_shown_ < (terminal_ ? kRedrawn : kSaidAgain)) return;
  last_shown_ = now;
  const double elapsed = std::chrono::duration<double>(now - started_).count();
  std::string left;
  if (fraction > 0.05) left = ", " + time_text(elapsed * (1.0 - fraction) / fraction) + " left";
  if (terminal_) return draw(fraction, left);
  log_info(cat(stage_, ": ", static_cast<int>(fraction * 100.0), " %", left));
}

void Progress::draw(double fraction, const std::string& left) {
  constexpr int kWidth = 24;
  const int filled = static_cast<int>(std::clamp(fraction, 0.0, 1.0) * kWidth);
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
