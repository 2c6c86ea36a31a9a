// Whether the tests run under sanitizers, which need of the system what some tests take away.
#pragma once

namespace dnd::testing {

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define DND_TESTS_ARE_SANITIZED 1
#endif
#endif

#if defined(DND_TESTS_ARE_SANITIZED) || defined(__SANITIZE_ADDRESS__)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

// Rounds of a test that tries as many changed inputs as it has time for. Sanitizers take ten times as long,
// and the fuzz targets look for the same.
constexpr int changed_inputs(int count) { return kSanitized ? count / 8 : count; }

}  // namespace dnd::testing
