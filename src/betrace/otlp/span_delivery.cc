#include "betrace/otlp/span_delivery.h"

#include <atomic>

namespace betrace::otlp {
namespace {

std::uint64_t next_resource_number() noexcept {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace

SpanDelivery::Context SpanDelivery::Context::of(const Losses& losses) {
  return Context{losses.reject_cause(), losses.truncated, losses.any_truncated()};
}

void SpanDelivery::begin_resource(model::AttributesView attributes, const Losses& losses) {
  resource_ = attributes;
  resource_number_ = next_resource_number();
  resource_context_ = Context::of(losses);
}

void SpanDelivery::begin_scope(std::string_view name, std::string_view version,
                               const Losses& losses) {
  scope_name_ = name;
  scope_version_ = version;
  scope_context_ = Context::of(losses);
}

void SpanDelivery::deliver(model::SpanView& span, const Losses& losses, const char* invalid_id) {
  const std::uint64_t index = summary_.spans_decoded++;
  if (const auto cause = reject_cause_of(span, losses, invalid_id)) {
    summary_.add(cause.rejection(), index);
    return;
  }
  span.cut = losses.any_truncated() || resource_context_.cut || scope_context_.cut;
  if (span.cut) {
    TruncatedCounts own = losses.truncated;
    count(own);
    count(resource_context_.uncounted);
    count(scope_context_.uncounted);
  }
  span.resource = resource_;
  span.resource_number = resource_number_;
  span.scope_name = scope_name_;
  span.scope_version = scope_version_;
  on_span_(span);
}

RejectCause SpanDelivery::reject_cause_of(const model::SpanView& span, const Losses& losses,
                                          const char* invalid_id) const noexcept {
  if (invalid_id != nullptr) return {RejectReason::InvalidId, invalid_id, "has a wrong length"};
  if (span.trace_id.is_zero()) return {RejectReason::InvalidId, "trace_id", "is zero"};
  if (span.span_id.is_zero()) return {RejectReason::InvalidId, "span_id", "is zero"};
  if (losses.invalid_text != nullptr) return losses.reject_cause();
  if (scope_context_.reject_cause) return scope_context_.reject_cause;
  if (resource_context_.reject_cause) return resource_context_.reject_cause;
  return losses.reject_cause();
}

void SpanDelivery::count(TruncatedCounts& counts) {
  for (std::size_t i = 0; i < kTruncatedPartCount; ++i) summary_.truncated[i] += counts[i];
  counts = {};
}

}  // namespace betrace::otlp
