// Memory that is used again and again: fresh pages cost more than many a kernel that writes them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace dnd::ops {

// Buffers of floats, aligned to pages, with undefined contents. Thread-safe. Not copyable; must
// outlive its buffers.
class ScratchPool {
  struct Memory;

 public:
  // Gives its memory back to the pool when it goes.
  class Buffer {
   public:
    float* data() const;

   private:
    friend class ScratchPool;
    struct Return {
      ScratchPool* pool;
      void operator()(Memory* memory) const;
    };
    explicit Buffer(std::unique_ptr<Memory, Return> memory) : memory_(std::move(memory)) {}
    std::unique_ptr<Memory, Return> memory_;
  };

  ScratchPool();
  ScratchPool(const ScratchPool&) = delete;
  ScratchPool& operator=(const ScratchPool&) = delete;
  ~ScratchPool();

  // The smallest free buffer of at least `floats`. If there is none, free ones of 32 MiB and more are
  // released before a new one is made. Throws std::bad_alloc.
  Buffer take(std::int64_t floats);

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<Memory>> free_;
  std::size_t made_ = 0;  // and not released, free or in use
};

}  // namespace dnd::ops
