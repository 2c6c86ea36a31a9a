// Stands in for dnd_cuda in builds without CUDA.
#include "base/strings.h"
#include "ops/cuda/cuda.h"

namespace dnd::ops::cuda {

bool is_available() { return false; }

void require_available() {
  fail(ErrorKind::unavailable,
       "device cuda: this build has no CUDA kernels; use --device cpu or --device auto");
}

}  // namespace dnd::ops::cuda
