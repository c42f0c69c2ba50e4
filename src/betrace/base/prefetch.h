// Asks the processor for memory that will be needed soon.
//
// In place of __builtin_prefetch alone: g++ 12 takes a function that does nothing else for one
// without effects, and drops the calls of it.
#pragma once

#include <algorithm>
#include <cstddef>

namespace betrace {

/// Of the cache line at `address`, which may be anything: nothing is read there.
inline void prefetch_to_read(const void* address) noexcept {
  __builtin_prefetch(address, 0);
  asm volatile("");  // an effect, of no instruction
}

/// The same of a line that will be written.
inline void prefetch_to_write(const void* address) noexcept {
  __builtin_prefetch(address, 1);
  asm volatile("");
}

/// Of the cache lines of so many bytes, but of a kilobyte at most: the processor itself foresees
/// what is read in order, and who makes an array long must not make each call long.
inline void prefetch_to_write(const void* address, std::size_t bytes) noexcept {
  constexpr std::size_t kCacheLine = 64;
  constexpr std::size_t kBytesMax = 1024;
  const auto* const begin = static_cast<const char*>(address);
  const std::size_t end = std::min(bytes, kBytesMax);
  for (std::size_t at = 0; at < end; at += kCacheLine) prefetch_to_write(begin + at);
}

}  // namespace betrace
