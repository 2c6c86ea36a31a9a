// The kernels on the CPU: what a device must compute, by the same code, one thread after another.
//
// Shared memory begins as NaN and no buffer has slack, so that the address sanitizer finds a read
// or write outside where it happens.
#pragma once

#include <map>

#include "ops/cuda/device.h"

namespace dnd::ops::cuda {

// In which order blocks, and threads within a phase, take their turns. Results must not depend on
// it: if they do, threads of a phase read what others write.
enum class TurnOrder { forward, backward };

class HostTwin : public Device {
 public:
  // `capacity`: bytes that it pretends to have.
  explicit HostTwin(TurnOrder order = TurnOrder::forward,
                    std::size_t capacity = std::size_t{1} << 40U)
      : order_(order), free_(capacity) {}

  void* allocate(std::size_t bytes) override;
  void release(void* memory) noexcept override;
  std::size_t free_bytes() override;
  void upload(void* to, const void* from, std::size_t bytes) override;
  void download(void* to, const void* from, std::size_t bytes) override;
  void clear(void* memory, std::size_t bytes) override;
  void launch(const LayerNorm& kernel) override;
  void launch(const WeightScales& kernel) override;
  void launch(const WeightTransform& kernel) override;
  void launch(const ForwardTransform& kernel) override;
  void launch(const InverseTransform& kernel) override;
  void launch(const BatchedProduct& product) override;
  void wait() override {}

 private:
  TurnOrder order_;
  std::size_t free_;
  std::map<void*, std::size_t> sizes_;
};

}  // namespace dnd::ops::cuda
