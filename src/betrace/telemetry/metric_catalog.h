// The catalogue of all metrics: one table with names, types, labels and help.
//
// telemetry/metrics.h keeps the numbers, docs/guide/metrics.md is generated from this table. A new
// metric is a new enumerator and a new row at the same place; nothing else has to change.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace betrace::telemetry {

/// A row of the catalogue. The order is that of the table and of `/metrics`.
enum class MetricId : std::uint8_t {
  SpansReceived,
  SpansIngested,
  SpansRejected,
  SpansDropped,
  SpansConflicting,
  Refused,
  Truncated,
  SpansLate,
  LateWindowSeconds,
  TracesOpen,
  TracesClosed,
  TracesShed,
  TracesTruncated,
  ClosingLagSeconds,
  ShutdownUndecided,
  BlindRatio,
  RuleBlindRatio,
  Violations,
  ViolationsWithdrawn,
  ViolationsSuppressed,
  RuleEvaluations,
  RuleEvaluationDurationSeconds,
  RuleEvaluationErrors,
  RuleSlowEvaluations,
  RuleCpuSeconds,
  RulesActive,
  RulesLoaded,
  RuleLoadFailures,
  OtlpExportedSpans,
  OtlpExportFailures,
  ExportBacklogRecords,
  ExportBacklogBytes,
  ExportBacklogCapacityBytes,
  ExportOldestSeconds,
  ExportParked,
  ExportParkedRecords,
  Notifications,
  OwnSpans,
  ViolationStoreSizeBytes,
  ViolationStoreCapacityBytes,
  ViolationStoreEvicted,
  LogPending,
  EvidenceRecords,
  ComplianceSpansEmitted,
  ComplianceSpanEmissionsFailed,
  EvidenceCheckpointAgeSeconds,
  SigningEnabled,
  AuthEnabled,
  AuthBootstrap,
  AuthInsecure,
  AuthFailures,
  StorageErrors,
  StorageReadOnly,
  StorageQuarantined,
  SseClients,
  SseDropped,
  HttpRequests,
  HttpRequestDurationSeconds,
  GrpcRequests,
  GrpcRequestDurationSeconds,
  H2Abuse,
  ConnectionsRefused,
  Timeouts,
  LabelOverflow,
  Threads,
  CpuLimitCores,
  MemoryLimitBytes,
  MemoryBytes,
  ProcessCpuSeconds,
  ProcessResidentMemoryBytes,
  ProcessVirtualMemoryBytes,
  ProcessStartTimeSeconds,
  ProcessOpenFds,
  ProcessMaxFds,
  BuildInfo,
};

enum class MetricType : std::uint8_t { Counter, Gauge, Histogram };

/// Where the values of a label come from; decides which series exist before anything is counted.
enum class LabelKind : std::uint8_t {
  Enumerated,    ///< `values` are all; their series exist at 0 from the start.
  Open,          ///< Known only when counted; bounded by kSeriesMax of Metrics.
  RuleId,        ///< Always the first label; series exist while the rule is registered.
  RuleName,      ///< Of the registered rule.
  RuleSeverity,  ///< Of the registered rule.
};

struct MetricLabel {
  std::string_view name;
  LabelKind kind = LabelKind::Open;
  std::span<const std::string_view> values{};
};

/// One row. Immutable, static storage.
struct MetricInfo {
  MetricId id;
  std::string_view name;  ///< As exposed; a counter ends in `_total`.
  MetricType type;
  std::string_view help;  ///< One clause, with the unit.
  std::span<const MetricLabel> labels{};
  std::span<const double> buckets{};  ///< Upper bounds of a histogram, ascending, without +Inf.

  /// True if the first label is a rule id.
  [[nodiscard]] bool is_per_rule() const noexcept {
    return !labels.empty() && labels.front().kind == LabelKind::RuleId;
  }
};

/// The table; row `i` has `id == MetricId(i)`.
[[nodiscard]] std::span<const MetricInfo> metric_catalog() noexcept;

/// Returns the row of `id`.
[[nodiscard]] const MetricInfo& metric_info(MetricId id) noexcept;

/// `counter` `gauge` `histogram`
[[nodiscard]] std::string_view name_of(MetricType type) noexcept;

}  // namespace betrace::telemetry
