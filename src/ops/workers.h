// Threads over independent blocks: the only parallelism of the engine.
//
// Every tensor operation runs on one thread. Speed comes from cutting work into blocks whose
// boundaries depend on shapes alone and giving blocks to threads as these become free. So a result
// has the same bytes whatever the thread count: no sum is ever split differently.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "ops/scratch.h"

namespace dnd::ops {

// A fixed set of threads, the caller's among them; fewer where the system gives no more. Not copyable. The
// other threads take no signals.
// run() is for one caller at a time and does not nest.
class Workers {
 public:
  explicit Workers(int threads);
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;
  ~Workers();

  int threads() const { return static_cast<int>(threads_.size()) + 1; }

  // Memory for what blocks need while they run; kept as long as the threads are.
  ScratchPool& scratch() const { return scratch_; }

  // Calls block(0) ... block(count - 1), each once, on any thread, in no order. Returns when all are
  // done. An exception stops further blocks and is rethrown here: of several the one of the lowest
  // index, so that threads do not decide which it is (blocks begin in the order of their indices).
  void run(std::int64_t count, const std::function<void(std::int64_t)>& block) const;

 private:
  struct Job {
    const std::function<void(std::int64_t)>* block = nullptr;
    std::int64_t next = 0;
    std::int64_t count = 0;
    std::int64_t running = 0;
    std::exception_ptr error;
    std::int64_t failed = 0;  // the block that threw it
  };

  void serve();
  void work(std::unique_lock<std::mutex>& lock) const;

  mutable ScratchPool scratch_;
  mutable std::mutex mutex_;
  mutable std::condition_variable wake_;
  mutable std::condition_variable done_;
  mutable Job job_;
  bool stop_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace dnd::ops
