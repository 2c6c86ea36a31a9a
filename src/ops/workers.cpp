#include "ops/workers.h"

#include <ATen/Parallel.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/tanh.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <exception>

#include "ops/cpu/cpu_target.h"

namespace dnd::ops {

namespace {

// MKL chooses its kernels at the first call of a process. Where two threads made that call at once, one
// of them was seen to get another tanh (1e-5 off) in 5 of 100 runs. So the calls that ATen passes on
// to MKL are made here once, by one thread.
void set_up_mkl() {
  const at::Tensor square = at::zeros({64, 64}, at::kFloat);
  at::mm(square, square);
  at::mm(square.narrow(0, 0, 1), square);  // another routine (gemv)
  at::tanh(square);
}

}  // namespace

Workers::Workers(int threads) {
  cpu::limit_target();
  at::set_num_threads(1);
  set_up_mkl();
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

void Workers::serve() {
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
