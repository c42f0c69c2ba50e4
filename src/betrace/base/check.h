// BETRACE_CHECK: a promise of our own code, kept in release builds too.
//
// Used where a false condition is a bug of BeTrace. Bad input is never a reason to use it.
#pragma once

namespace betrace {

/// Prints the broken promise with its place to standard error and aborts.
[[noreturn]] void check_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace betrace

#define BETRACE_CHECK(condition) \
  ((condition) ? (void)0 : ::betrace::check_failed(#condition, __FILE__, __LINE__))
