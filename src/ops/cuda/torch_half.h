// The CUDA half of LibTorch (libtorch_cuda.so), for what device cuda computes with LibTorch's own
// operations.
//
// This program does not come with it: PyTorch's wheel of the same version has it. It is looked for at
// $DND_TORCH_CUDA, else beside libtorch_cpu.so, and opened at the first call that needs it.
#pragma once

#include <ATen/core/Tensor.h>

namespace dnd::ops::cuda {

// A device as LibTorch takes it, set to compute fp32 as fp32 (no TF32) with algorithms that give
// the same bytes at every run and are not chosen by measuring. Throws Error(unavailable) with what
// is missing and the remedy.
at::Device torch_device(int index);

}  // namespace dnd::ops::cuda
