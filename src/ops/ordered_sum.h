// Sums of what several threads make, with the same bytes whichever of them is first.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <utility>

namespace dnd::ops {

// Adds results in the order of their index, each as soon as all before it are there, so that only those
// whose turn has not come are in memory. The sum begins as result 0 (moved), the others are added to it by
// `+=` (Result& += Result&&). A result leaves the queue before it is added: where that fails, no other
// thread meets what is left of it.
template <typename Result>
class OrderedSum {
 public:
  // From any thread; each index from 0 on once.
  void add(std::int64_t index, Result result) {
    const std::lock_guard lock(mutex_);
    waiting_.emplace(index, std::move(result));
    while (!waiting_.empty() && waiting_.begin()->first == next_) {
      auto first = waiting_.extract(waiting_.begin());
      if (next_++ == 0) {
        sum_ = std::move(first.mapped());
      } else {
        sum_ += std::move(first.mapped());
      }
    }
  }

  // When all threads are done; once.
  Result take() { return std::move(sum_); }

 private:
  std::mutex mutex_;
  std::map<std::int64_t, Result> waiting_;
  std::int64_t next_ = 0;
  Result sum_{};
};

}  // namespace dnd::ops
