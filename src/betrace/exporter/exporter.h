// Delivers what the violation log holds to one sink, on a thread of its own.
//
// Made by app/ when there is an endpoint. Reads the tail of the log, asks exporter/delivery what to
// send, and keeps the position that follows in the log: the log is the only queue. What it learns
// is told by exporter/export_report. Source: docs/internals/export.md.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "betrace/evidence/dsse.h"
#include "betrace/exporter/backlog.h"
#include "betrace/exporter/delivery.h"
#include "betrace/exporter/export_report.h"
#include "betrace/exporter/sink.h"
#include "betrace/exporter/violation_span.h"

namespace betrace::exporter {

struct ExporterOptions {
  DeliveryLimits limits;
  SpanOptions spans;
  std::string sink_name;  ///< For log lines: `http://tempo:4317`, without secrets.
  std::function<Now()> clock = read_clocks;
  std::function<double()> chance;  ///< From 0 to below 1, for pauses; empty: drawn.
};

/// start() and stop() belong to one thread; resend() may come from any.
class Exporter {
 public:
  Exporter(ExporterOptions options, const ExporterServices& services, std::unique_ptr<Sink> sink);
  /// Ends without grace.
  ~Exporter();

  void start();
  /// Sends what is in the log by now, for at most `grace`, and keeps the position. Returns how many
  /// records the sink did not take; they stay in the log.
  std::uint64_t stop(std::chrono::milliseconds grace);
  /// Sends these records once more, parked or delivered, as soon as nothing else waits. Requires:
  /// 0 < first <= last.
  void resend(storage::SequenceRange range);
  /// Sends a checkpoint soon, once: the next one says more. From any thread.
  void checkpoint(const evidence::CommitEnvelope& envelope);

 private:
  void run();
  void take_resends();
  [[nodiscard]] std::uint64_t count_parked() const;
  [[nodiscard]] bool is_over();
  void read_ahead();
  void take(std::vector<storage::TailRecord> records);
  [[nodiscard]] OutboxItem make_item(const storage::TailRecord& record) const;
  void read_parked();
  void park_excess();
  void send();
  void send_checkpoint();
  void finish(const SinkAnswer& answer);
  void keep_position();
  void report();
  [[nodiscard]] std::chrono::milliseconds pause();
  /// Asks the log; nothing, with the problem noted, if it cannot be read.
  [[nodiscard]] std::optional<storage::ViolationTail> ask(storage::TailQuery query);
  [[nodiscard]] std::uint64_t backlog_records() const;
  [[nodiscard]] std::uint64_t backlog_bytes() const;

  const ExporterOptions options_;
  const ExporterServices services_;
  const std::unique_ptr<Sink> sink_;

  // Of the thread.
  ExportReport report_;
  storage::ExportPosition kept_;
  Delivery delivery_;
  Backlog backlog_;
  std::uint64_t read_to_ = 0;
  Now now_;
  bool has_more_ = false;  // to read or to count at once
  bool is_checkpoint_under_way_ = false;
  MonotonicTime read_not_before_;
  std::string log_problem_;  // why the log cannot be read; empty if it can

  std::thread thread_;
  std::mutex mutex_;
  std::optional<MonotonicTime> end_by_;  // stop() was called
  std::vector<storage::SequenceRange> to_resend_;
  std::optional<evidence::CommitEnvelope> checkpoint_;  // to be sent
  std::uint64_t left_ = 0;                              // valid once the thread has ended
};

}  // namespace betrace::exporter
