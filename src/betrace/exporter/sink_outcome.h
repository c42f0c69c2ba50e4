// What became of one request to a sink, read from its answer.
//
// Pure functions over a reply, used by the sink for every protocol. What follows from an outcome is
// decided by exporter/delivery. Source: OTLP specification, "Failures"; gRPC over HTTP/2.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "betrace/base/time.h"
#include "betrace/http/message.h"

namespace betrace::exporter {

enum class SinkVerdict : std::uint8_t {
  Delivered,
  Later,          ///< The sink is away or busy: the same request may succeed later.
  Refused,        ///< Something in the data, or its size, is not wanted; others may be.
  Failed,         ///< The sink has a defect (500, INTERNAL): not to be repeated soon.
  Misconfigured,  ///< Credentials or address are wrong; somebody has to act.
};

struct SinkOutcome {
  SinkVerdict verdict = SinkVerdict::Delivered;
  /// Label of `betrace_otlp_export_failures_total`, in static storage; empty when delivered.
  std::string_view reason;
  /// One clause for people, safe to log; when delivered: a warning of the sink, or empty.
  std::string message;
  std::optional<std::chrono::milliseconds> retry_after;  ///< As the sink asked for; Later only.
};

/// Of an answer to OTLP/HTTP. `now` is for a Retry-After that is a date.
[[nodiscard]] SinkOutcome http_outcome(const http::Response& reply, UnixNanos now);

/// Of an answer to a notification: its body means nothing.
[[nodiscard]] SinkOutcome notice_outcome(const http::Response& reply, UnixNanos now);

/// Of an answer to OTLP/gRPC; trailers are among the headers.
[[nodiscard]] SinkOutcome grpc_outcome(const http::Response& reply, UnixNanos now);

/// Returns seconds or a date as a delay; nothing if it is neither. A date in the past is zero.
/// Source: RFC 9110 10.2.3.
[[nodiscard]] std::optional<std::chrono::milliseconds> read_retry_after(std::string_view text,
                                                                        UnixNanos now);

}  // namespace betrace::exporter
