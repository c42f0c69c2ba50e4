// A sanitizer brings its own heap: what a test says of the usual one does not hold there.
#pragma once

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define BETRACE_HEAP_IS_SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define BETRACE_HEAP_IS_SANITIZED
#endif

namespace betrace {

#ifdef BETRACE_HEAP_IS_SANITIZED
inline constexpr bool kHeapIsSanitized = true;
#else
inline constexpr bool kHeapIsSanitized = false;
#endif

}  // namespace betrace
