#include "ops/scratch.h"

#include <sys/mman.h>

#include <algorithm>
#include <new>

namespace dnd::ops {
namespace {

// Large enough for pages of 2 MiB where the system gives them unasked. They are not asked for: a virtual
// machine's host may have to find each one first, which was measured to take longer than they save.
constexpr std::size_t kLargePage = std::size_t{2} << 20;
constexpr std::size_t kLarge = 16 * kLargePage;

}  // namespace

struct ScratchPool::Memory {
  explicit Memory(std::size_t of_bytes)
      : bytes((of_bytes + kLargePage - 1) / kLargePage * kLargePage),
        address(
            ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {
    if (address == MAP_FAILED) throw std::bad_alloc();
  }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  ~Memory() { ::munmap(address, bytes); }

  std::size_t bytes;
  void* address;
};

ScratchPool::ScratchPool() = default;
ScratchPool::~ScratchPool() = default;

float* ScratchPool::Buffer::data() const { return static_cast<float*>(memory_->address); }

void ScratchPool::Buffer::Return::operator()(Memory* memory) const {
  const std::lock_guard lock(pool->mutex_);
  pool->free_.emplace_back(memory);
}

ScratchPool::Buffer ScratchPool::take(std::int64_t floats) {
  const std::size_t bytes = static_cast<std::size_t>(floats) * sizeof(float);
  const std::lock_guard lock(mutex_);
  auto best = free_.end();
  for (auto it = free_.begin(); it != free_.end(); ++it) {
    if ((*it)->bytes >= bytes && (best == free_.end() || (*it)->bytes < (*best)->bytes)) best = it;
  }
  std::unique_ptr<Memory> memory;
  if (best != free_.end()) {
    memory = std::move(*best);
    free_.erase(best);
  } else {
    made_ -= std::erase_if(free_, [](const auto& unused) { return unused->bytes >= kLarge; });
    free_.reserve(made_ + 1);  // so that giving back never allocates
    memory = std::make_unique<Memory>(bytes);
    ++made_;
  }
  return Buffer({memory.release(), Buffer::Return{this}});
}

}  // namespace dnd::ops
