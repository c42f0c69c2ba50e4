// What the operating system says of this process: processor, memory, file descriptors, threads.
//
// Registered once by app/; read when metrics are rendered, never in between. Linux only.
#pragma once

#include <cstdint>

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

/// Cores of the cgroup's quota if it has one, else of the machine. Source:
/// telemetry/machine.h.
[[nodiscard]] double cpu_limit_cores();

}  // namespace betrace::telemetry
