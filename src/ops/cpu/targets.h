// Instruction sets the kernels are compiled for: plain C++, SSE4, AVX2 with FMA, and AVX-512. To be included before Highway's headers.
#pragma once

#ifndef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_AVX3_DL)
#endif
