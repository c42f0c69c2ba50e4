// The baseline of the reader: a walk over every field of a request that does nothing else.
//
// Bounds are checked, every value is touched, nothing is validated, collected or delivered. What
// our reader and our pipeline cost is told as a multiple of this. Used by benchmarks only.
#pragma once

#include <cstdint>
#include <string_view>

namespace betrace::bench {

struct WalkResult {
  std::uint64_t spans = 0;
  std::uint64_t attributes = 0;  ///< Of spans, resources, scopes, events and links.
  std::uint64_t touched = 0;     ///< A sum over all values, so that none is optimised away.
};

/// Walks over an ExportTraceServiceRequest. Ends early at what is malformed.
[[nodiscard]] WalkResult bare_walk(std::string_view request) noexcept;

}  // namespace betrace::bench
