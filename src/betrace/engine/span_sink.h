// The door between the receivers and the engine: is there room, and here are the spans.
//
// ingest/ knows nothing of the engine but this header. Implemented by engine/engine.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "betrace/model/span_interest.h"
#include "betrace/model/span_view.h"

namespace betrace::engine {

/// Why a whole request must come back later; always retryable.
struct Refusal {
  std::string_view limit;  ///< Label `limit` of betrace_refused_total; static storage.
  std::uint32_t retry_after_seconds = 1;  ///< 1-10
};

/// The spans of one request. Used by one thread, and not for long: rules change only between
/// requests. Destroyed without submit(), as a malformed request is, it changes nothing.
class SpanIntake {
 public:
  virtual ~SpanIntake() = default;

  /// What will be read of the spans: a reader needs not keep the rest. Valid as long as this.
  [[nodiscard]] virtual const model::SpanInterest& interest() const noexcept = 0;

  /// Takes what the rules need of a valid span; the view may end with the call.
  virtual void add(const model::SpanView& span) = 0;

  /// Hands the spans over, in the order in which they were added. Once. Never blocks on the engine,
  /// never refuses, never drops.
  virtual void submit() = 0;
};

/// Where a request comes from.
struct SpanOrigin {
  /// Label `protocol` of the metrics, `grpc` `http_protobuf` `http_json` `json` `kafka`; static
  /// storage.
  std::string_view protocol;
  std::string_view key_id = {};  ///< Of the API key that it was sent with; empty: with none.
};

/// Takes spans over. Thread-safe.
class SpanSink {
 public:
  virtual ~SpanSink() = default;

  /// Asks, before a request of `bytes` (as decoded from its coding) is read, whether its spans can
  /// be taken. Nothing means yes, and then they are taken whatever happens in between; nothing is
  /// reserved, so a request that turns out to be malformed needs no second call. Never blocks.
  [[nodiscard]] virtual std::optional<Refusal> admit(std::size_t bytes) = 0;

  /// Begins an admitted request.
  [[nodiscard]] virtual std::unique_ptr<SpanIntake> open(const SpanOrigin& origin) = 0;
};

}  // namespace betrace::engine
