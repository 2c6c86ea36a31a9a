// The instruction set of this project's own kernels.
#pragma once

namespace dnd::ops::cpu {

// Where the environment has DND_CPU_TARGET=avx2, kernels use nothing newer than AVX2: to compare, or to
// get another machine's bytes. (ATen and oneDNN have variables of their own: docs/performance.md.)
// Throws Error(usage) for another value. To be called before kernels run.
void limit_target();

// What the kernels use, in Highway's words: "AVX2", "AVX3", ...
const char* target_name();

}  // namespace dnd::ops::cpu
