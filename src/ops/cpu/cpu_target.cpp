#include "ops/cpu/cpu_target.h"

#include <hwy/highway.h>
#include <hwy/targets.h>

#include <cstdint>
#include <string>

#include "base/environment.h"
#include "base/strings.h"

namespace dnd::ops::cpu {

void limit_target() {
  const std::string wanted = environment("DND_CPU_TARGET");
  if (wanted.empty()) return;
  if (wanted != "avx2") {
    fail(ErrorKind::usage, "DND_CPU_TARGET: '", printable(wanted), "', expected avx2");
  }
  // In Highway's masks better targets of x86 have lower bits. (Highway 1.0.3 forgets what DisableTargets()
  // was told at the next call that asks for the supported ones.)
  constexpr std::int64_t kBetter = HWY_AVX2 - 1;
  hwy::SetSupportedTargetsForTest(hwy::SupportedTargets() & ~kBetter);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

const char* target_name() {
  const std::int64_t supported = hwy::SupportedTargets() & HWY_TARGETS;
  return hwy::TargetName(supported & -supported);
}

}  // namespace dnd::ops::cpu
