// The most memory that this process had in use.
#pragma once

#include <sys/resource.h>

namespace dnd {

inline double peak_gib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / (1 << 20);
}

}  // namespace dnd
