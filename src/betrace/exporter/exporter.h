// Delivers what the violation log holds to one sink, on a thread of its own.
//
// Made by app/ for each sink that there is. Reads the tail of the log, asks the form of the sink
// for words and exporter/delivery what to send, and keeps the position that follows in the log: the
// log is the only queue. What it learns is told by exporter/export_report. Source:
// docs/internals/export.md.
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
#include "betrace/exporter/sink_form.h"

namespace betrace::exporter {

struct ExporterOptions {
  std::string_view sink = storage::kExportSink;  ///< One of storage::kSinks.
  /// False: a sink that is new is not told of what the log holds already.
  bool is_told_history = true;
  DeliveryLimits limits;
  std::string sink_name;  ///< For log lines: `http://tempo:4317`, without secrets.
  std::function<Now()> clock = read_clocks;
  std::function<double()> chance;  ///< From 0 to below 1, for pauses; empty: drawn.
};

/// All but resend() belongs to one thread.
class Exporter {
 public:
  Exporter(ExporterOptions options, const ExporterServices& services,
           std::unique_ptr<SinkForm> form, std::unique_ptr<Sink> sink);
  /// Ends without grace.
  ~Exporter();

  void start();
  /// Begins to end: what is in the log by now is sent, for at most `grace`.
  void begin_stop(std::chrono::milliseconds grace);
  /// Waits for the end, and keeps the position. Returns how many records the sink did not take;
  /// they stay in the log. Requires: begin_stop().
  std::uint64_t finish_stop();
  /// Sends these records once more, parked or delivered, as soon as nothing else waits. Requires:
  /// 0 < first <= last.
  void resend(storage::SequenceRange range);
  /// Sends a checkpoint soon, once: the next one says more. From any thread.
  void checkpoint(const evidence::CommitEnvelope& envelope);

 private:
  void run();
  void take_resends();
  [[nodiscard]] storage::ExportPosition kept_position() const;
  [[nodiscard]] std::uint64_t count_parked() const;
  [[nodiscard]] bool is_over();
  void read_ahead();
  void take(std::vector<storage::TailRecord> records);
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
  const std::unique_ptr<SinkForm> form_;
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
  std::optional<MonotonicTime> end_by_;  // begin_stop() was called
  std::vector<storage::SequenceRange> to_resend_;
  std::optional<evidence::CommitEnvelope> checkpoint_;  // to be sent
  std::uint64_t left_ = 0;                              // valid once the thread has ended
};

}  // namespace betrace::exporter
