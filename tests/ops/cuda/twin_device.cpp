// One device that is the host twin, for a libdnd_cuda.so without CUDA. With $DND_TWIN_FAULT its
// LayerNorm does nothing.
#include <cstdio>
#include <cstdlib>

#include "base/strings.h"
#include "ops/cuda/cuda_device.h"
#include "ops/cuda/host_twin.h"

namespace dnd::ops::cuda {
namespace {

class FaultyTwin : public HostTwin {
 public:
  using HostTwin::launch;
  void launch(const LayerNorm& /*kernel*/) override {}
};

}  // namespace

DndCudaDeviceInfo describe_device(int index) {
  if (index != 0) {
    fail(ErrorKind::unavailable, "device cuda:", index, ": there is one twin; use device cpu");
  }
  DndCudaDeviceInfo info{};
  std::snprintf(info.name, sizeof(info.name), "host twin");
  info.compute_major = 8;
  info.driver_version = 13010;
  info.runtime_version = 13000;
  info.cublas_version = 130002;
  info.memory_bytes = 1U << 30U;
  info.free_bytes = 1U << 29U;
  return info;
}

std::unique_ptr<Device> open_device(int index) {
  describe_device(index);
  if (std::getenv("DND_TWIN_FAULT") != nullptr) return std::make_unique<FaultyTwin>();
  return std::make_unique<HostTwin>();
}

}  // namespace dnd::ops::cuda
