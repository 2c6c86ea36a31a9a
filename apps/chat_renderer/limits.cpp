#include "limits.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <new>

#include "chat/frame.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define DND_RENDERER_IS_SANITIZED 1
#endif
#endif

#ifdef DND_RENDERER_IS_SANITIZED
// The sanitizer reserves more addresses than any limit allows; it has a limit of its own.
extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() {
  return "hard_rss_limit_mb=1024:exitcode=77:detect_leaks=0";
}
#endif

namespace dnd::renderer {
namespace {

constexpr rlim_t kStack = 16ULL << 20U;

void set_limit(__rlimit_resource resource, rlim_t soft) {
  rlimit limit = {};
  if (::getrlimit(resource, &limit) != 0) return;
  limit.rlim_cur = std::min(soft, limit.rlim_max);
  ::setrlimit(resource, &limit);
}

}  // namespace

void limit_process(std::uint64_t memory) {
  std::set_new_handler([] { ::_exit(static_cast<int>(chat::RendererExit::memory)); });
  set_limit(RLIMIT_CORE, 0);
  set_limit(RLIMIT_STACK, kStack);
#ifdef DND_RENDERER_IS_SANITIZED
  (void)memory;
#else
  set_limit(RLIMIT_FSIZE, 0);  // a sanitizer writes reports
  set_limit(RLIMIT_AS, memory);
#endif
}

void limit_time(std::uint64_t seconds) {
  rusage used = {};
  ::getrusage(RUSAGE_SELF, &used);
  set_limit(RLIMIT_CPU,
            static_cast<rlim_t>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) + 1 + seconds);
}

}  // namespace dnd::renderer
