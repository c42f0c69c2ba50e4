// What all doors for OTLP requests do alike: ask for room, read the spans, count, hand them over.
//
// Used by the OTLP/HTTP and the OTLP/gRPC receiver, which say how a refusal looks on their wire.
// The only code of a receiver that meets the engine's door.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "betrace/base/result.h"
#include "betrace/engine/span_sink.h"
#include "betrace/ingest/reader_pool.h"
#include "betrace/otlp/read_summary.h"
#include "betrace/telemetry/metrics.h"

namespace betrace::ingest {

/// `protocol` is as in SpanOrigin. Thread-safe.
class RequestIntake {
 public:
  /// Requires: both live longer.
  RequestIntake(engine::SpanSink& sink, telemetry::Metrics& metrics)
      : sink_(sink), metrics_(metrics) {}

  /// Returns why a request of that size must come back later, counted; or nothing.
  [[nodiscard]] std::optional<engine::Refusal> admit(std::uint64_t bytes,
                                                     std::string_view protocol);

  /// Reads an admitted request and hands its spans over. Errors are those of the reader; they are
  /// counted, and no span was taken.
  template <typename Reader>
  [[nodiscard]] Result<otlp::ReadSummary> take(ReaderPool<Reader>& readers, std::string_view body,
                                               const engine::SpanOrigin& origin) {
    const auto spans = sink_.open(origin);
    const auto keep = [&spans](const model::SpanView& span) { spans->add(span); };
    auto summary =
        readers.with([&](Reader& reader) { return reader.read(body, keep, &spans->interest()); });
    if (!summary) {
      count_unreadable(summary.error(), origin.protocol);
    } else {
      count(*summary, origin.protocol);
      spans->submit();
    }
    return summary;
  }

 private:
  void count_unreadable(const Error& error, std::string_view protocol);
  void count(const otlp::ReadSummary& summary, std::string_view protocol);

  engine::SpanSink& sink_;
  telemetry::Metrics& metrics_;
};

}  // namespace betrace::ingest
