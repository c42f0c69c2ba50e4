// The door between the receivers and the engine: is there room, and here are the spans.
//
// ingest/ knows nothing of the engine but this header. Implemented by engine/engine.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "betrace/model/kept_span.h"

namespace betrace::engine {

/// Why a whole request must come back later; always retryable.
struct Refusal {
  std::string_view limit;  ///< Label `limit` of betrace_refused_total; static storage.
  std::uint32_t retry_after_seconds = 1;  ///< 1-10
};

/// The valid spans of one request, of any traces, in wire order.
struct SpanBatch {
  std::vector<model::KeptSpan> spans;
  /// Label `protocol`: `grpc` `http_protobuf` `http_json` `json` `kafka`; static storage.
  std::string_view protocol = "http_protobuf";
};

/// Takes spans over. Thread-safe.
class SpanSink {
 public:
  virtual ~SpanSink() = default;

  /// Asks, before a request of `bytes` (as decoded from its coding) is read, whether its spans can
  /// be taken. Nothing means yes, and then submit() takes them whatever happens in between; nothing
  /// is reserved, so a request that turns out to be malformed needs no second call. Never blocks.
  [[nodiscard]] virtual std::optional<Refusal> admit(std::size_t bytes) = 0;

  /// Takes the spans of an admitted request. Never blocks, never refuses, never drops.
  virtual void submit(SpanBatch batch) = 0;
};

}  // namespace betrace::engine
