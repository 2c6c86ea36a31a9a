// A CUDA device.
#pragma once

#include <memory>

#include "ops/cuda/abi.h"
#include "ops/cuda/device.h"

namespace dnd::ops::cuda {

// Throws Error(unavailable) where there is no driver, no such device, or one that the kernels were
// not built for (below compute capability 8.0).
DndCudaDeviceInfo describe_device(int index);
std::unique_ptr<Device> open_device(int index);

}  // namespace dnd::ops::cuda
