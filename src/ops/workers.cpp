#include "ops/workers.h"

#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <signal.h>

#include <algorithm>
#include <exception>

namespace dnd::ops {

Workers::Workers(int threads) {
  try {
    for (int i = 1; i < threads; ++i) threads_.emplace_back([this] { serve(); });
  } catch (const std::exception&) {
    // The system gives no more threads: those there are do all blocks.
  }
}

Workers::~Workers() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Workers::run(std::int64_t count, const std::function<void(std::int64_t)>& block) const {
  std::unique_lock lock(mutex_);
  job_ = {&block, 0, count, 0, nullptr, 0};
  wake_.notify_all();
  work(lock);
  done_.wait(lock, [&] { return job_.running == 0; });
  job_.block = nullptr;
  if (job_.error) std::rethrow_exception(job_.error);
}

namespace {

// What is sent to the process is the calling thread's to handle. Where others compute, kernels may keep data
// below the stack, where a handler's frame would lie.
void block_signals() {
  sigset_t all;
  ::sigfillset(&all);
  for (const int own : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP}) ::sigdelset(&all, own);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace

void Workers::serve() {
  block_signals();
  const c10::InferenceMode inference;  // a thread's own state
  at::set_num_threads(1);
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [&] { return stop_ || (job_.block != nullptr && job_.next < job_.count); });
    if (stop_) return;
    work(lock);
  }
}

// Takes blocks until none is left. Called and left with the lock held.
void Workers::work(std::unique_lock<std::mutex>& lock) const {
  while (job_.next < job_.count) {
    const std::int64_t index = job_.next++;
    ++job_.running;
    lock.unlock();
    std::exception_ptr error;
    try {
      (*job_.block)(index);
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    --job_.running;
    if (error && (!job_.error || index < job_.failed)) {
      job_.error = error;
      job_.failed = index;
    }
    if (job_.error) job_.next = job_.count;
  }
  if (job_.running == 0) done_.notify_all();
}

}  // namespace dnd::ops
