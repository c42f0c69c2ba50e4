// What the span readers of this module share: their limits, and what they report of a request.
//
// ingest/, api/ and replay turn a ReadSummary into metrics and partial success. How the wire looks
// is known to trace_reader, json_trace_reader and json_span_reader alone.
#pragma once

#include <array>
#include <cstdint>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

namespace betrace::otlp {

/// Limits of one request. Source: `limits.*` in docs/guide/configuration.md.
struct ReaderLimits {
  std::uint32_t spans_max = 20'000;         ///< `spans_per_request`: over it all is refused.
  std::uint32_t attributes_max = 128;       ///< Each of a span, resource, event, link.
  std::uint32_t events_max = 128;           ///< Of a span; the rest is ignored and counted.
  std::uint32_t links_max = 128;            ///< Of a span; the rest is ignored and counted.
  std::uint32_t key_bytes_max = 256;        ///< A longer key is cut and counted.
  std::uint32_t value_bytes_max = 16'384;   ///< A longer text is cut; lists and maps lose items.
  std::uint32_t value_depth_max = 16;       ///< A value below it reads as nil and is counted.
  std::uint32_t message_depth_max = 100;    ///< Nesting of protobuf messages and groups.
  std::uint32_t json_depth_max = 128;       ///< Nesting of OTLP/JSON.
  std::uint32_t span_bytes_max = 5u << 20;  ///< Decoded; a larger span could be in no trace.
};

/// Why a span was rejected: label `reason` of `betrace_spans_rejected_total`.
enum class RejectReason : std::uint8_t { InvalidId, InvalidText, InvalidField, Limit };
inline constexpr std::size_t kRejectReasonCount = 4;

/// What was cut or dropped of a span: label `what` of `betrace_truncated_total`.
enum class TruncatedPart : std::uint8_t { Attributes, Events, Links, Key, Value };
inline constexpr std::size_t kTruncatedPartCount = 5;

/// `invalid_id` `invalid_text` `invalid_field` `limit`
[[nodiscard]] std::string_view name_of(RejectReason reason) noexcept;
/// `attributes` `events` `links` `key` `value`
[[nodiscard]] std::string_view name_of(TruncatedPart part) noexcept;

/// One span that was not taken. `message` is one lowercase clause.
struct SpanRejection {
  RejectReason reason = RejectReason::InvalidField;
  std::string message;
};

/// The same before it is a sentence. True if there is one.
struct RejectCause {
  RejectReason reason = RejectReason::InvalidField;
  const char* subject = nullptr;  ///< Null: there is none.
  const char* problem = nullptr;  ///< `is zero`

  [[nodiscard]] explicit operator bool() const noexcept { return subject != nullptr; }
  [[nodiscard]] SpanRejection rejection() const;
};

/// Counts by TruncatedPart.
using TruncatedCounts = std::array<std::uint64_t, kTruncatedPartCount>;

/// What became of a request that could be read.
struct ReadSummary {
  static constexpr std::size_t kMessagesMax = 10;

  std::uint64_t spans_decoded = 0;  ///< All spans of the request, rejected ones included.
  std::array<std::uint64_t, kRejectReasonCount> rejected{};  ///< By RejectReason.
  TruncatedCounts truncated{};                               ///< Of spans that were taken.
  std::vector<std::string> messages;  ///< Of the first rejections, with the place of the span.

  [[nodiscard]] std::uint64_t rejected_count() const noexcept {
    return std::accumulate(rejected.begin(), rejected.end(), std::uint64_t{0});
  }
  [[nodiscard]] std::uint64_t truncated_count() const noexcept {
    return std::accumulate(truncated.begin(), truncated.end(), std::uint64_t{0});
  }
  [[nodiscard]] std::uint64_t rejected_for(RejectReason reason) const noexcept {
    return rejected[static_cast<std::size_t>(reason)];
  }
  [[nodiscard]] std::uint64_t truncated_of(TruncatedPart part) const noexcept {
    return truncated[static_cast<std::size_t>(part)];
  }
  /// Counts one rejected span; its message is kept while there is room.
  void add(const SpanRejection& rejection, std::uint64_t span_index);
};

/// Returns the sentence for `partial_success.error_message`; empty if nothing was lost.
[[nodiscard]] std::string describe_losses(const ReadSummary& summary);

}  // namespace betrace::otlp
