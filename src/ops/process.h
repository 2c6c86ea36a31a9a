// What the engine's arithmetic needs of the process it runs in.
#pragma once

namespace dnd::ops {

// Sets, for the whole process, the instruction set of our kernels (ops/cpu/cpu_target.h) and one thread
// for ATen's operations, and lets MKL choose its kernels. Whoever makes Workers calls it once before, on
// the thread that will call Workers::run(): without it results may depend on threads. Throws Error(usage)
// for a DND_CPU_TARGET that is not known.
void set_up_process();

}  // namespace dnd::ops
