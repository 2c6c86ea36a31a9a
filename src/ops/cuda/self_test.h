// Whether a device computes what the host twin does.
#pragma once

#include <string>
#include <vector>

#include "ops/cuda/device.h"

namespace dnd::ops::cuda {

struct KernelCheck {
  std::string name;
  double error = 0.0;  // relative RMS of the difference to the host twin; of "convolution" to fp64
  double bound = 0.0;
  bool passed = false;  // false for errors that are no number, too
};

// Runs every kernel on `device` and on the host twin, each on the twin's inputs, and a whole
// convolution against a plain one in fp64. Small shapes with overlapping and circular tiles: well
// below a second.
std::vector<KernelCheck> self_test(Device& device);

}  // namespace dnd::ops::cuda
