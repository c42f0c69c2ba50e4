#include "betrace/telemetry/metric_catalog.h"

#include <array>

namespace betrace::telemetry {
namespace {

using Values = std::string_view[];

constexpr Values kProtocols = {"grpc", "http_protobuf", "http_json", "json", "kafka"};
constexpr Values kRejectReasons = {"invalid_id", "invalid_text", "invalid_field", "limit"};
constexpr Values kDropReasons = {"duplicate", "own", "trace_limit", "memory", "shutdown"};
constexpr Values kRefusedLimits = {
    "auth_failures", "grpc_message",      "grpc_watches",      "header_bytes", "headers",
    "http_body",     "import_body",       "inflate_ratio",     "ingest_queue", "ingest_rate",
    "json_depth",    "line_bytes",        "log.pending",       "malformed",    "memory",
    "proto_depth",   "rest_body",         "rest_compute_rate", "rest_rate",    "rest_write_rate",
    "rules",         "spans_per_request", "stopping",          "storage"};
constexpr Values kAuthFailures = {"missing", "invalid", "expired", "role"};
constexpr Values kTruncatedParts = {"attributes", "events", "links", "key", "value"};
constexpr Values kLateOutcomes = {"redecided", "reopened"};
constexpr Values kCloseReasons = {"complete",   "idle",   "max_age",
                                  "span_limit", "memory", "shutdown"};
constexpr Values kGrades = {"reopened", "shed", "truncated", "no_root", "orphans", "complete"};
constexpr Values kEvaluationResults = {"violation", "pass", "error", "skipped", "not_made"};
constexpr Values kEvaluationErrors = {"budget", "internal"};
constexpr Values kEvictionReasons = {"age", "bytes"};
constexpr Values kExportKinds = {"violation", "withdrawn", "evidence", "checkpoint"};
constexpr Values kExportFailures = {"connect", "timeout", "tls", "auth", "unavailable", "rejected"};
constexpr Values kParkReasons = {"export_parked", "export_refused", "sink_error"};
constexpr Values kNotifiedSinks = {"webhook", "alertmanager"};
constexpr Values kNotificationResults = {"delivered", "failed"};
constexpr Values kOwnSpanResults = {"exported", "dropped"};
constexpr Values kRecordTypes = {"violation",  "final",     "revision", "rule_change", "gap",
                                 "start",      "stop",      "coverage", "ruleset",     "refused",
                                 "compliance", "retention", "key_event"};
constexpr Values kStorageOperations = {"write", "fsync", "rename", "read"};
constexpr Values kConnectionLimits = {"connections", "connections_per_ip"};
constexpr Values kTimeoutPhases = {"header", "body", "request", "idle", "write", "tls"};

constexpr Values kH2AbuseKinds = {"preface",    "protocol",       "reset",    "continuation",
                                  "head_bytes", "ping",           "settings", "empty_data",
                                  "control",    "acknowledgement"};

constexpr MetricLabel kProtocol[] = {{"protocol", LabelKind::Enumerated, kProtocols}};
constexpr MetricLabel kRejected[] = {{"reason", LabelKind::Enumerated, kRejectReasons}};
constexpr MetricLabel kDropped[] = {{"reason", LabelKind::Enumerated, kDropReasons}};
constexpr MetricLabel kRefused[] = {{"limit", LabelKind::Enumerated, kRefusedLimits},
                                    {"protocol", LabelKind::Enumerated, kProtocols}};
constexpr MetricLabel kAuthFailed[] = {{"reason", LabelKind::Enumerated, kAuthFailures}};
constexpr MetricLabel kTruncated[] = {{"what", LabelKind::Enumerated, kTruncatedParts}};
constexpr MetricLabel kLate[] = {{"outcome", LabelKind::Enumerated, kLateOutcomes}};
constexpr MetricLabel kClosed[] = {{"reason", LabelKind::Enumerated, kCloseReasons},
                                   {"completeness", LabelKind::Enumerated, kGrades}};
constexpr MetricLabel kRule[] = {{"rule_id", LabelKind::RuleId}};
constexpr MetricLabel kViolation[] = {{"rule_id", LabelKind::RuleId},
                                      {"rule_name", LabelKind::RuleName},
                                      {"severity", LabelKind::RuleSeverity}};
constexpr MetricLabel kEvaluation[] = {{"rule_id", LabelKind::RuleId},
                                       {"result", LabelKind::Enumerated, kEvaluationResults}};
constexpr MetricLabel kEvaluationError[] = {{"rule_id", LabelKind::RuleId},
                                            {"reason", LabelKind::Enumerated, kEvaluationErrors}};
constexpr MetricLabel kEvicted[] = {{"reason", LabelKind::Enumerated, kEvictionReasons}};
constexpr MetricLabel kExported[] = {{"kind", LabelKind::Enumerated, kExportKinds}};
constexpr MetricLabel kExportFailed[] = {{"reason", LabelKind::Enumerated, kExportFailures}};
constexpr MetricLabel kParked[] = {{"reason", LabelKind::Enumerated, kParkReasons}};
constexpr MetricLabel kNotification[] = {{"sink", LabelKind::Enumerated, kNotifiedSinks},
                                         {"result", LabelKind::Enumerated, kNotificationResults}};
constexpr MetricLabel kOwnSpans[] = {{"result", LabelKind::Enumerated, kOwnSpanResults}};
constexpr MetricLabel kRecord[] = {{"type", LabelKind::Enumerated, kRecordTypes}};
constexpr MetricLabel kCompliance[] = {{"framework"}, {"control"}, {"outcome"}};
constexpr MetricLabel kStorage[] = {{"op", LabelKind::Enumerated, kStorageOperations}};
constexpr MetricLabel kHttp[] = {{"method"}, {"route"}, {"status"}};
constexpr MetricLabel kGrpc[] = {{"method"}, {"code"}};
constexpr MetricLabel kH2Abuse[] = {{"kind", LabelKind::Enumerated, kH2AbuseKinds}};
constexpr MetricLabel kConnection[] = {{"limit", LabelKind::Enumerated, kConnectionLimits}};
constexpr MetricLabel kTimeout[] = {{"phase", LabelKind::Enumerated, kTimeoutPhases}};
constexpr MetricLabel kBuild[] = {{"version"}, {"commit"}};

constexpr std::array<double, 20> evaluation_buckets() {
  std::array<double, 20> bounds{};
  double bound = 1e-6;
  for (double& slot : bounds) {
    slot = bound;
    bound *= 2;
  }
  return bounds;
}

constexpr auto kEvaluationBuckets = evaluation_buckets();
constexpr double kHttpBuckets[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                   0.25,  0.5,    1,     2.5,  5,     10};

using enum MetricId;
using enum MetricType;

constexpr MetricInfo kCatalog[] = {
    {SpansReceived, "betrace_spans_received_total", Counter, "decoded spans, before validation",
     kProtocol},
    {SpansIngested, "betrace_spans_ingested_total", Counter, "spans added to a trace", kProtocol},
    {SpansRejected, "betrace_spans_rejected_total", Counter, "permanently invalid spans",
     kRejected},
    {SpansDropped, "betrace_spans_dropped_total", Counter, "valid spans that changed nothing",
     kDropped},
    {SpansConflicting, "betrace_spans_conflicting_total", Counter,
     "spans with a known span id and other content (subset of duplicate)"},
    {Refused, "betrace_refused_total", Counter, "whole requests refused at a limit", kRefused},
    {Truncated, "betrace_truncated_total", Counter, "parts of accepted spans dropped or cut",
     kTruncated},
    {SpansLate, "betrace_spans_late_total", Counter,
     "spans after their trace closed: it was still kept, or it was evicted and opened again",
     kLate},
    {LateWindowSeconds, "betrace_late_window_seconds", Gauge,
     "seconds that closed traces are really kept, at most trace.late"},
    {TracesOpen, "betrace_traces_open", Gauge, "traces waiting for their verdict"},
    {TracesClosed, "betrace_traces_closed_total", Counter, "traces decided", kClosed},
    {TracesShed, "betrace_traces_shed_total", Counter, "traces graded shed"},
    {TracesTruncated, "betrace_traces_truncated_total", Counter, "traces graded truncated"},
    {ClosingLagSeconds, "betrace_closing_lag_seconds", Gauge,
     "seconds that traces close after they are due"},
    {ShutdownUndecided, "betrace_shutdown_undecided", Gauge,
     "traces that the orderly end had to leave undecided"},
    {BlindRatio, "betrace_blind_ratio", Gauge,
     "rule evaluations not made / due over the last 300 s, 0 to 1; skipped ones are not due"},
    {RuleBlindRatio, "betrace_rule_blind_ratio", Gauge, "betrace_blind_ratio of one rule", kRule},
    {Violations, "betrace_violations_total", Counter,
     "violations recorded; repeats, final and revision records not counted", kViolation},
    {ViolationsWithdrawn, "betrace_violations_withdrawn_total", Counter,
     "violations withdrawn because of late spans", kRule},
    {ViolationsSuppressed, "betrace_violations_suppressed_total", Counter,
     "violations held back by the noise bound", kRule},
    {RuleEvaluations, "betrace_rule_evaluations_total", Counter,
     "evaluations, one per rule and closed trace, or per span for a rule of span scope",
     kEvaluation},
    {RuleEvaluationDurationSeconds,
     "betrace_rule_evaluation_duration_seconds",
     Histogram,
     "seconds of one evaluation, sampled",
     {},
     kEvaluationBuckets},
    {RuleEvaluationErrors, "betrace_rule_evaluation_errors_total", Counter,
     "evaluations without a verdict", kEvaluationError},
    {RuleSlowEvaluations, "betrace_rule_slow_evaluations_total", Counter,
     "sampled evaluations over 10 ms", kRule},
    {RuleCpuSeconds, "betrace_rule_cpu_seconds_total", Counter,
     "processor seconds of a rule, estimated from samples", kRule},
    {RulesActive, "betrace_rules_active", Gauge, "rules loaded and enabled"},
    {RulesLoaded, "betrace_rules_loaded", Gauge, "rules loaded, enabled or not"},
    {RuleLoadFailures, "betrace_rule_load_failures_total", Counter,
     "stored rules that failed to compile at load"},
    {OtlpExportedSpans, "betrace_otlp_exported_spans_total", Counter,
     "spans that the sink of violations has taken", kExported},
    {OtlpExportFailures, "betrace_otlp_export_failures_total", Counter,
     "requests to the sink of violations that failed", kExportFailed},
    {ExportBacklogRecords, "betrace_export_backlog_records", Gauge,
     "records of the log that wait to be exported"},
    {ExportBacklogBytes, "betrace_export_backlog_bytes", Gauge, "their bytes in the log"},
    {ExportBacklogCapacityBytes, "betrace_export_backlog_capacity_bytes", Gauge,
     "bytes beyond which the oldest are parked, export.backlog_bytes"},
    {ExportOldestSeconds, "betrace_export_oldest_seconds", Gauge,
     "seconds since the oldest of them was decided"},
    {ExportParked, "betrace_export_parked_total", Counter,
     "records set aside: they stay in the log and are sent later or by hand", kParked},
    {ExportParkedRecords, "betrace_export_parked_records", Gauge, "records that are parked now"},
    {Notifications, "betrace_notifications_total", Counter,
     "requests to the webhook and to Alertmanager", kNotification},
    {OwnSpans, "betrace_own_spans_total", Counter,
     "spans of BeTrace itself (tracing.enabled) that the tracing backend took, or that were "
     "dropped",
     kOwnSpans},
    {ViolationStoreSizeBytes, "betrace_violation_store_size_bytes", Gauge,
     "bytes used by the violation log"},
    {ViolationStoreCapacityBytes, "betrace_violation_store_capacity_bytes", Gauge,
     "bytes allowed for the violation log"},
    {ViolationStoreEvicted, "betrace_violation_store_evicted_total", Counter,
     "records removed by retention", kEvicted},
    {LogPending, "betrace_log_pending", Gauge, "decided violations waiting for the next sync"},
    {EvidenceRecords, "betrace_evidence_records_total", Counter, "records appended to the chain",
     kRecord},
    {ComplianceSpansEmitted, "betrace_compliance_spans_emitted_total", Counter,
     "compliance spans queued for export", kCompliance},
    {ComplianceSpanEmissionsFailed, "betrace_compliance_span_emissions_failed_total", Counter,
     "compliance spans that could not be queued for export"},
    {EvidenceCheckpointAgeSeconds, "betrace_evidence_checkpoint_age_seconds", Gauge,
     "seconds since the last checkpoint was published, or since the start"},
    {SigningEnabled, "betrace_signing_enabled", Gauge, "1 if records are signed, else 0"},
    {AuthEnabled, "betrace_auth_enabled", Gauge, "1 if roles are enforced, else 0"},
    {AuthBootstrap, "betrace_auth_bootstrap", Gauge, "1 in bootstrap mode, else 0"},
    {AuthInsecure, "betrace_auth_insecure", Gauge, "1 if everything is open on purpose, else 0"},
    {AuthFailures, "betrace_auth_failures_total", Counter, "credentials refused", kAuthFailed},
    {StorageErrors, "betrace_storage_errors_total", Counter, "I/O errors of the data directory",
     kStorage},
    {StorageReadOnly, "betrace_storage_read_only", Gauge, "1 while writes are refused, else 0"},
    {StorageQuarantined, "betrace_storage_quarantined_total", Counter, "corrupt files set aside"},
    {SseClients, "betrace_sse_clients", Gauge, "open streams of violations"},
    {SseDropped, "betrace_sse_dropped_total", Counter,
     "events that were not sent because the reader of a stream was too slow"},
    {HttpRequests, "http_requests_total", Counter, "HTTP requests answered", kHttp},
    {HttpRequestDurationSeconds, "http_request_duration_seconds", Histogram,
     "seconds from the first byte of the request to the last of the response, without streams",
     kHttp, kHttpBuckets},
    {GrpcRequests, "betrace_grpc_requests_total", Counter, "gRPC calls answered", kGrpc},
    {GrpcRequestDurationSeconds, "betrace_grpc_request_duration_seconds", Histogram,
     "seconds from the first byte of the call to its reply", kGrpc, kHttpBuckets},
    {H2Abuse, "betrace_h2_abuse_total", Counter,
     "HTTP/2 connections ended because of how their peer used them", kH2Abuse},
    {ConnectionsRefused, "betrace_connections_refused_total", Counter,
     "connections closed at a limit", kConnection},
    {Timeouts, "betrace_timeouts_total", Counter, "connections ended because a peer was too slow",
     kTimeout},
    {LabelOverflow, "betrace_label_overflow_total", Counter,
     "updates counted under rule_id=\"other\", or not at all, because of the bound on series"},
    {Threads, "betrace_threads", Gauge, "threads of the process"},
    {CpuLimitCores, "betrace_cpu_limit_cores", Gauge, "cores of the cgroup, else of the machine"},
    {MemoryLimitBytes, "betrace_memory_limit_bytes", Gauge,
     "bytes of memory of the cgroup, else of the machine"},
    {MemoryBytes, "betrace_memory_bytes", Gauge, "bytes accounted to buffers and traces"},
    {ProcessCpuSeconds, "process_cpu_seconds_total", Counter, "processor seconds of the process"},
    {ProcessResidentMemoryBytes, "process_resident_memory_bytes", Gauge, "resident bytes"},
    {ProcessVirtualMemoryBytes, "process_virtual_memory_bytes", Gauge, "virtual bytes"},
    {ProcessStartTimeSeconds, "process_start_time_seconds", Gauge,
     "start of the process, unix seconds"},
    {ProcessOpenFds, "process_open_fds", Gauge, "open file descriptors"},
    {ProcessMaxFds, "process_max_fds", Gauge, "most file descriptors that may be open"},
    {BuildInfo, "betrace_build_info", Gauge, "constant 1", kBuild},
};

}  // namespace

std::span<const MetricInfo> metric_catalog() noexcept { return kCatalog; }

const MetricInfo& metric_info(MetricId id) noexcept {
  return kCatalog[static_cast<std::size_t>(id)];
}

std::string_view name_of(MetricType type) noexcept {
  constexpr std::array<std::string_view, 3> kNames = {"counter", "gauge", "histogram"};
  return kNames[static_cast<std::size_t>(type)];
}

}  // namespace betrace::telemetry
