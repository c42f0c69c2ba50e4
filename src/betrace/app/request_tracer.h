// Makes spans of what the server did for its clients, for `tracing.enabled`.
//
// Hears of each finished request and call from app/http_observer. Names a route by its template and
// nobody by an address; of the API every request, of the doors for spans one in many.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>

#include "betrace/base/time.h"
#include "betrace/exporter/own_span.h"
#include "betrace/http/server_limits.h"

namespace betrace::app {

/// A client's own trace, as it is told in the header `traceparent`. Source: W3C Trace Context.
struct TraceParent {
  model::TraceId trace_id;
  model::SpanId span_id;
  bool is_sampled = false;
};

/// Nothing if the text is no `traceparent` of version 00.
[[nodiscard]] std::optional<TraceParent> read_trace_parent(std::string_view text);

/// The same of the fields of a request or a call, which may have one `traceparent` and no more.
[[nodiscard]] std::optional<TraceParent> trace_parent_of(const http::Headers& fields);

/// Thread-safe.
class RequestTracer {
 public:
  /// Of the requests that bring spans one in so many is traced: a receiver that passes our spans
  /// back to us makes no endless circle.
  static constexpr std::uint32_t kIngestPerSpan = 256;

  using Take = std::function<void(exporter::OwnSpan)>;

  RequestTracer(Take take, std::function<Now()> clock)
      : take_(std::move(take)), clock_(std::move(clock)) {}

  /// Probes, scrapes and streams are left out, and what the client's own trace leaves out.
  void request(const http::FinishedRequest& request);
  void call(const http::FinishedCall& call);

 private:
  [[nodiscard]] bool is_ingest_due() noexcept {
    return ingested_.fetch_add(1, std::memory_order_relaxed) % kIngestPerSpan == 0;
  }
  /// A span in the trace of `parent`, or in one of its own.
  [[nodiscard]] exporter::OwnSpan begin(std::string name, double seconds,
                                        const std::optional<TraceParent>& parent) const;

  const Take take_;
  const std::function<Now()> clock_;
  std::atomic<std::uint32_t> ingested_{0};
};

}  // namespace betrace::app
