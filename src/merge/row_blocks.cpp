#include "merge/row_blocks.h"

#include <algorithm>
#include <exception>
#include <thread>
#include <vector>

#include "base/log.h"

namespace dnd::merge {

std::uint64_t rows_at_once(std::uint64_t block_bytes, std::uint64_t row_bytes) {
  const std::uint64_t fitting = std::max<std::uint64_t>(1, block_bytes / row_bytes);
  return fitting < 4 ? fitting : fitting / 4 * 4;
}

void run_on_threads(int threads, const std::function<void()>& work) {
  std::vector<std::jthread> others;  // joined at the end
  try {
    for (int i = 1; i < threads; ++i) others.emplace_back(work);
  } catch (const std::exception&) {
    log_debug("merge: the system gives no more threads");  // those there are do all
  }
  work();
}

}  // namespace dnd::merge
