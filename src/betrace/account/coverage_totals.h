// Everything that coverage records tell, as it stands now: totals since the process began.
//
// Reads what others count already; nothing here costs anything per span.
#pragma once

#include "betrace/engine/statistics.h"
#include "betrace/evidence/coverage.h"
#include "betrace/telemetry/metrics.h"

namespace betrace::account {

/// Times, hash and count of the rules are the caller's.
[[nodiscard]] evidence::Coverage coverage_totals(const engine::ShardStatistics& engine,
                                                 const telemetry::Metrics& metrics);

}  // namespace betrace::account
