// Progress of long work on standard error: a bar on a terminal, plain lines elsewhere.
#pragma once

#include <chrono>
#include <string>

namespace dnd::app {

// One line of progress. Silent if `quiet`. On a terminal the line is redrawn at most ten times a
// second; elsewhere a stage is one line when it begins, and another every ten seconds.
class Progress {
 public:
  explicit Progress(bool quiet);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() { clear(); }

  // Begins a stage, e.g. "task 2/5 'algebra': decode".
  void stage(const std::string& text);
  // Other words for the current stage, shown from the next update() on. Its clock runs on.
  void note(const std::string& text) { stage_ = text; }
  // A line of its own where there is no bar.
  void say(const std::string& text);
  // Done share of the current stage, 0..1; shows the time left from 5 % on.
  void update(double fraction);
  // Nothing more is shown.
  void silence() {
    clear();
    quiet_ = true;
  }
  // Removes the bar, so that other lines can be printed.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;

  void draw(double fraction, const std::string& left);

  bool quiet_;
  bool terminal_;
  bool drawn_ = false;
  std::string stage_;
  Clock::time_point started_;
  Clock::time_point last_shown_;
};

}  // namespace dnd::app
