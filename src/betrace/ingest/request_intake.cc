#include "betrace/ingest/request_intake.h"

namespace betrace::ingest {

using telemetry::MetricId;

std::optional<engine::Refusal> RequestIntake::admit(std::uint64_t bytes,
                                                    std::string_view protocol) {
  const auto refusal = sink_.admit(bytes);
  if (refusal) metrics_.add(MetricId::Refused, {refusal->limit, protocol});
  return refusal;
}

void RequestIntake::count_unreadable(const Error& error, std::string_view protocol) {
  const bool is_limit = error.code == ErrorCode::LimitExceeded;
  metrics_.add(MetricId::Refused, {is_limit ? "spans_per_request" : "malformed", protocol});
}

void RequestIntake::count(const otlp::ReadSummary& summary, std::string_view protocol) {
  metrics_.add(MetricId::SpansReceived, {protocol}, static_cast<double>(summary.spans_decoded));
  for (std::size_t i = 0; i < otlp::kRejectReasonCount; ++i) {
    if (summary.rejected[i] == 0) continue;
    metrics_.add(MetricId::SpansRejected, {otlp::name_of(static_cast<otlp::RejectReason>(i))},
                 static_cast<double>(summary.rejected[i]));
  }
  for (std::size_t i = 0; i < otlp::kTruncatedPartCount; ++i) {
    if (summary.truncated[i] == 0) continue;
    metrics_.add(MetricId::Truncated, {otlp::name_of(static_cast<otlp::TruncatedPart>(i))},
                 static_cast<double>(summary.truncated[i]));
  }
}

}  // namespace betrace::ingest
