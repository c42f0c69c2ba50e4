// Counts how often each thread asks the heap, for tests and benchmarks.
//
// It replaces malloc() and what belongs to it, so one file of a program includes it, and no other.
// Aligned memory is not counted: nothing asks for it per span.
// A sanitizer brings its own heap: under one nothing is counted, and kCountsHeap is false.
#pragma once

#include <cstddef>
#include <cstdint>

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

/// By this thread, since it began.
inline thread_local std::uint64_t heap_asked = 0;

#ifdef BETRACE_HEAP_IS_SANITIZED
inline constexpr bool kCountsHeap = false;
#else
inline constexpr bool kCountsHeap = true;
#endif

}  // namespace betrace

#ifndef BETRACE_HEAP_IS_SANITIZED
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);

void* malloc(std::size_t size) noexcept {
  ++betrace::heap_asked;
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) noexcept {
  ++betrace::heap_asked;
  return __libc_calloc(count, size);
}
void* realloc(void* memory, std::size_t size) noexcept {
  ++betrace::heap_asked;
  return __libc_realloc(memory, size);
}
}
#endif
