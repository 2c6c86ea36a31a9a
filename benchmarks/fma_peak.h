// What the machine can do at most: fp32 multiply-adds from registers, no memory.
#pragma once

namespace dnd::bench {

// GFLOP/s (two for a multiply-add) of `threads` threads at once, best of several short runs.
double peak_gflops(int threads);

}  // namespace dnd::bench
