// The door to our CUDA kernels (dnd_cuda). A build without CUDA links no_cuda.cpp instead.
#pragma once

namespace dnd::ops::cuda {

// Whether this build has CUDA kernels and a device can run them.
bool is_available();

// Throws Error(unavailable) with the reason and the remedy where is_available() is false.
void require_available();

}  // namespace dnd::ops::cuda
