// Counts how often each thread asks the heap, for tests and benchmarks.
//
// It replaces malloc() and what belongs to it, so one file of a program includes it, and no other.
// Aligned memory is not counted: nothing asks for it per span.
// Under a sanitizer nothing is counted.
#pragma once

#include <cstddef>
#include <cstdint>

#include "betrace/base/sanitized_heap.h"

namespace betrace {

/// By this thread, since it began.
inline thread_local std::uint64_t heap_asked = 0;

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
