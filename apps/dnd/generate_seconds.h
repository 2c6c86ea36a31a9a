// Where the time of `dnd generate` goes.
#pragma once

#include <chrono>
#include <utility>

#include "base/json.h"

namespace dnd::app {

class Stopwatch {
 public:
  // Seconds since construction or the last call.
  double lap() {
    const auto now = std::chrono::steady_clock::now();
    return std::chrono::duration<double>(now - std::exchange(last_, now)).count();
  }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

// Of one adapter; a batch shares its time out evenly, and the first adapter has the loading.
struct Seconds {
  double load = 0.0;
  double encode = 0.0;
  double decode = 0.0;
  double detokenize = 0.0;
  double write = 0.0;
};

// Rounded to tenths of milliseconds, with the total.
Json seconds_json(const Seconds& seconds);

}  // namespace dnd::app
