// What the machine can do at most: fp32 multiply-adds from registers, no memory.
#pragma once

namespace dnd::bench {

// The environment's DND_CPU_TARGET=avx2 keeps Highway from anything newer; call before all else.
void limit_cpu_target();

// The instruction set that Highway takes here, e.g. "AVX3_ZEN4".
const char* cpu_target();

// GFLOP/s (two for a multiply-add) of `threads` threads at once, best of several short runs.
double peak_gflops(int threads);

}  // namespace dnd::bench
