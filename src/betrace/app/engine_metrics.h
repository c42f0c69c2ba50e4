// The numbers of the engine and of the stores as metrics: read when somebody asks, never pushed.
//
// app/service ties them together; the engine itself knows no metric names.
#pragma once

#include "betrace/engine/engine.h"
#include "betrace/storage/rule_store.h"
#include "betrace/storage/violation_log.h"
#include "betrace/telemetry/metrics.h"

namespace betrace::app {

/// Sets every metric that follows from `statistics`; those of rules that are not registered go to
/// nobody.
void set_engine_metrics(const engine::ShardStatistics& statistics, telemetry::Metrics& metrics);

/// Sets size, backlog and state of both stores.
void set_storage_metrics(const storage::RuleStoreStatus& rules,
                         const storage::ViolationLogStatus& log, telemetry::Metrics& metrics);

}  // namespace betrace::app
