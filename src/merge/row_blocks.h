// How a merge is shared out: blocks of rows, taken by threads.
#pragma once

#include <cstdint>
#include <functional>

namespace dnd::merge {

// Rows of a block of about `block_bytes`: at least one; a multiple of four where there are so many, which the
// kernel takes at a time.
std::uint64_t rows_at_once(std::uint64_t block_bytes, std::uint64_t row_bytes);

// Calls `work` on this thread and on as many others as make `threads`, or as the system gives, and returns
// when all are done. It takes from what is to be done until nothing is left, and does not throw.
void run_on_threads(int threads, const std::function<void()>& work);

}  // namespace dnd::merge
