// What the machine gives this process: cores and memory, by its cgroup or as a whole.
//
// Used for the defaults of `workers` and `limits.memory` and for two gauges. Reads once; a changed
// cgroup limit counts from the next start.
#pragma once

#include <cstdint>
#include <string>

namespace betrace::telemetry {

/// Immutable.
struct Machine {
  double cores = 1;                ///< Quota of the cgroup, else usable processors.
  std::uint64_t memory_bytes = 0;  ///< Limit of the cgroup, else all memory.
};

/// Reads /proc and /sys/fs/cgroup (version 2, else 1) below `root`; the smallest limit on the way
/// up from the own group counts. What cannot be read is taken as no limit.
[[nodiscard]] Machine read_machine(const std::string& root = "");

}  // namespace betrace::telemetry
