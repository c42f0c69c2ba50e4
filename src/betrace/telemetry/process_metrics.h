// What the operating system says of this process: processor, memory, file descriptors, threads.
//
// Registered once by app/; read when metrics are rendered, never in between. Linux only.
#pragma once

#include <atomic>
#include <cstdint>

#include "betrace/base/time.h"
#include "betrace/telemetry/metrics.h"

namespace betrace::telemetry {

/// Makes every render() of `metrics` set the `process_*`, `betrace_threads` and limit gauges.
/// Requires: `metrics` lives as long as it is rendered.
void export_process_metrics(Metrics& metrics);

/// Memory of the cgroup if it has a limit, else of the machine, in bytes.
/// Source: telemetry/machine.h.
[[nodiscard]] std::uint64_t memory_limit_bytes();

/// Resident memory of the process now, in bytes. Source: /proc/self/statm.
[[nodiscard]] std::uint64_t resident_memory_bytes();

/// Resident memory for whoever asks with every request: a reading costs as much as a small one.
/// Thread-safe.
class ResidentMemory {
 public:
  /// At most a tick of the engine old.
  static constexpr std::chrono::milliseconds kAgeMax{10};

  /// Bytes, as they were at most kAgeMax before `now`; 0 while the first reading is made.
  [[nodiscard]] std::uint64_t bytes(MonotonicTime now);

 private:
  std::atomic<MonotonicTime> old_at_{MonotonicTime::min()};
  std::atomic<std::uint64_t> bytes_{0};
};

/// Cores of the cgroup's quota if it has one, else of the machine. Source:
/// telemetry/machine.h.
[[nodiscard]] double cpu_limit_cores();

}  // namespace betrace::telemetry
