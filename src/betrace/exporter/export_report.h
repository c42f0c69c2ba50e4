// Tells of the export: in metrics, on /ready, in log lines, and in `gap` records of what is parked.
//
// Used by the exporter's thread alone, which says what happened. Decides nothing.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/exporter/delivery.h"
#include "betrace/exporter/sink_outcome.h"
#include "betrace/storage/violation_log.h"
#include "betrace/telemetry/log.h"
#include "betrace/telemetry/metrics.h"
#include "betrace/telemetry/readiness.h"

namespace betrace::exporter {

/// What the exporter works with; all of it outlives it.
struct ExporterServices {
  storage::ViolationLog& log;
  telemetry::Metrics& metrics;
  telemetry::Readiness& readiness;
  telemetry::Logger& logger;
};

/// How things stand.
struct ExportStanding {
  SinkState sink = SinkState::Fine;
  std::string_view problem;      ///< Why it is not fine.
  std::string_view log_problem;  ///< Why the log cannot be read; empty if it can.
  std::uint64_t backlog_records = 0;
  std::uint64_t backlog_bytes = 0;
  UnixNanos oldest = 0;  ///< When the oldest of them was decided; 0 if none is known.
  std::uint64_t parked_records = 0;
};

/// One thread.
class ExportReport {
 public:
  /// Metrics of the backlog and /ready are those of the sink `export` alone.
  ExportReport(const ExporterServices& services, std::string_view sink, std::string sink_name)
      : services_(services), sink_(sink), sink_name_(std::move(sink_name)) {}

  void started();
  /// A request was answered.
  void answered(const SinkOutcome& outcome, const std::vector<OutboxItem>& items);
  /// A record is on its way.
  void queued(const OutboxItem& item);
  /// A record cannot be sent because its stored bytes are wrong.
  void unreadable(const storage::TailRecord& record);
  /// Records were set aside.
  void parked(const ParkedNow& parked, UnixNanos now);
  /// Shows how things stand; a change of the sink is logged.
  void show(const ExportStanding& standing, UnixNanos now);
  /// Writes the gaps that are due, at the end all: one per reason and minute.
  void tell_gaps(UnixNanos now, bool is_last);

 private:
  struct ParkedSum {
    std::uint64_t records = 0;
    std::uint64_t first_sequence = 0;
    std::uint64_t last_sequence = 0;
    UnixNanos first_time = 0;
    UnixNanos last_time = 0;
  };

  [[nodiscard]] bool is_export() const { return sink_ == storage::kExportSink; }
  void show_metrics(const ExportStanding& standing, UnixNanos now);
  void show_readiness(const ExportStanding& standing);
  void log_changes(const ExportStanding& standing);

  const ExporterServices services_;
  const std::string_view sink_;
  const std::string sink_name_;
  std::map<std::string, ParkedSum, std::less<>> parked_;  // not told yet, by reason
  bool is_told_away_ = false;
  std::string told_log_problem_;
  std::string shown_;  // on /ready
};

}  // namespace betrace::exporter
