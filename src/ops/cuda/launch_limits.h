// Limits of a launch that every device of compute capability 8.0 and above has.
#pragma once

#include "base/strings.h"
#include "ops/cuda/host_device.h"

namespace dnd::ops::cuda {

// Throws Error(internal) for a launch that a device would refuse.
template <typename Kernel>
void check_launch(const Kernel& kernel) {
  static_assert(Kernel::kThreads % 32 == 0 && Kernel::kThreads <= 1024);
  static_assert(sizeof(Kernel) <= 4096, "parameters of a kernel");
  constexpr std::int64_t kMaxX = 0x7FFFFFFF;
  constexpr std::int64_t kMaxYz = 65535;
  const Grid grid = kernel.grid();
  const std::size_t shared = kernel.shared_floats() * sizeof(float);
  const bool fits = grid.x >= 1 && grid.x <= kMaxX && grid.y >= 1 && grid.y <= kMaxYz &&
                    grid.z >= 1 && grid.z <= kMaxYz && shared <= kMaxSharedBytes;
  if (!fits) {
    fail(ErrorKind::internal, "cuda: ", Kernel::kName, ": ", grid.x, " x ", grid.y, " x ", grid.z,
         " blocks with ", shared, " bytes of shared memory");
  }
}

}  // namespace dnd::ops::cuda
