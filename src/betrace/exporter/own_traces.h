// Sends BeTrace's own spans to the receiver of violations, on a thread of its own.
//
// Unlike violations they are no evidence: they wait in memory, and what the receiver does not take
// at once, or what there is no room for, is dropped and counted. Nothing here is ever traced.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "betrace/base/time.h"
#include "betrace/exporter/own_span.h"
#include "betrace/exporter/sink.h"
#include "betrace/telemetry/log.h"
#include "betrace/telemetry/metrics.h"

namespace betrace::exporter {

struct OwnTracesOptions {
  SpanOptions spans;                                ///< Only the resource counts.
  std::size_t batch_spans_max = 100;                ///< `otlp.batch_size`
  std::size_t queue_spans_max = 1'000;              ///< `otlp.queue_size`
  std::chrono::milliseconds schedule_delay{1'000};  ///< `otlp.schedule_delay`
  std::function<Now()> clock = read_clocks;
};

/// add() may be called from any thread, all else belongs to one.
class OwnTraces {
 public:
  OwnTraces(OwnTracesOptions options, std::unique_ptr<Sink> sink, telemetry::Metrics& metrics,
            telemetry::Logger& log);
  /// Ends without grace.
  ~OwnTraces();

  void start();
  /// Keeps the span to be sent soon; drops it if the queue is full. Never waits.
  void add(OwnSpan span);
  /// Sends what waits, for at most `grace`, and ends.
  void stop(std::chrono::milliseconds grace);

 private:
  void run();
  /// Takes the spans whose turn has come.
  [[nodiscard]] std::vector<OwnSpan> take(MonotonicTime now);
  [[nodiscard]] std::chrono::milliseconds pause(MonotonicTime now) const;
  void finish(const SinkOutcome& outcome);
  [[nodiscard]] bool is_over(MonotonicTime now) const;
  void count(std::string_view result, std::size_t spans);

  const OwnTracesOptions options_;
  const std::unique_ptr<Sink> sink_;
  telemetry::Metrics& metrics_;
  telemetry::Logger& log_;
  telemetry::LogLimit complaint_{std::chrono::minutes(1)};
  std::size_t under_way_ = 0;  // spans of the request that was sent; 0: none was. Of the thread

  std::thread thread_;
  mutable std::mutex mutex_;
  std::vector<OwnSpan> queue_;
  MonotonicTime oldest_;                 // when the first of the queue came
  std::optional<MonotonicTime> end_by_;  // stop() was called
};

}  // namespace betrace::exporter
