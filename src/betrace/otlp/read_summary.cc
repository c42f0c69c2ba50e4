#include "betrace/otlp/read_summary.h"

#include <fmt/format.h>

namespace betrace::otlp {

std::string_view name_of(RejectReason reason) noexcept {
  constexpr std::array<std::string_view, kRejectReasonCount> kNames = {"invalid_id", "invalid_text",
                                                                       "invalid_field", "limit"};
  return kNames[static_cast<std::size_t>(reason)];
}

std::string_view name_of(TruncatedPart part) noexcept {
  constexpr std::array<std::string_view, kTruncatedPartCount> kNames = {"attributes", "events",
                                                                        "links", "key", "value"};
  return kNames[static_cast<std::size_t>(part)];
}

SpanRejection RejectCause::rejection() const {
  return {reason, fmt::format("{} {}", subject, problem)};
}

void ReadSummary::add(const SpanRejection& rejection, std::uint64_t span_index) {
  ++rejected[static_cast<std::size_t>(rejection.reason)];
  if (messages.size() < kMessagesMax) {
    messages.push_back(fmt::format("span {}: {}", span_index, rejection.message));
  }
}

std::string describe_losses(const ReadSummary& summary) {
  std::string text;
  for (std::size_t i = 0; i < kRejectReasonCount; ++i) {
    if (summary.rejected[i] == 0) continue;
    text += fmt::format("{}{} rejected as {}", text.empty() ? "" : ", ", summary.rejected[i],
                        name_of(static_cast<RejectReason>(i)));
  }
  for (std::size_t i = 0; i < kTruncatedPartCount; ++i) {
    if (summary.truncated[i] == 0) continue;
    text += fmt::format("{}{} cut at the limit of {}", text.empty() ? "" : ", ",
                        summary.truncated[i], name_of(static_cast<TruncatedPart>(i)));
  }
  const char* before = "; ";
  for (const std::string& message : summary.messages) {
    text += before + message;
    before = ", ";
  }
  return text;
}

}  // namespace betrace::otlp
