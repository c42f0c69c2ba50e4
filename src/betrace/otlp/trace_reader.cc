#include "betrace/otlp/trace_reader.h"

#include <fmt/format.h>

#include "betrace/otlp/message_pieces.h"
#include "betrace/otlp/span_decoder.h"
#include "betrace/otlp/value_decoder.h"
#include "betrace/otlp/wire_check.h"

namespace betrace::otlp {
namespace {

// The levels above a span. Resource and Scope may follow the spans that they describe, so each
// level is walked for them first.
class RequestDecoder {
 public:
  RequestDecoder(SpanBuilder& resource, SpanBuilder& scope, SpanBuilder& span,
                 SpanDelivery& delivery)
      : resource_(resource), scope_(scope), span_(span), delivery_(delivery) {}

  void decode(std::string_view request) {
    FieldCursor field(request);
    while (field.next()) {
      if (field.tag() == bytes_tag(1)) decode_resource_spans(field.bytes());
    }
  }

 private:
  void decode_resource_spans(std::string_view message) {
    MessagePieces resource;
    FieldCursor first(message);
    while (first.next()) {
      if (first.tag() == bytes_tag(1)) resource.append(first.bytes());
    }
    begin_resource(resource);
    FieldCursor second(message);
    while (second.next()) {
      if (second.tag() == bytes_tag(2)) decode_scope_spans(second.bytes());
    }
  }

  void begin_resource(const MessagePieces& resource) {
    resource_.begin();
    ValueDecoder values(resource_);
    SpanBuilder::Row row = resource_.begin_attributes();
    resource.for_each_field([&](const FieldCursor& field) {
      if (field.tag() == bytes_tag(1)) values.attribute(row, field.bytes());
    });
    const model::AttributesView attributes = resource_.end_attributes(row);
    delivery_.begin_resource(attributes, resource_.losses());
  }

  void decode_scope_spans(std::string_view message) {
    MessagePieces scope;
    FieldCursor first(message);
    while (first.next()) {
      if (first.tag() == bytes_tag(1)) scope.append(first.bytes());
    }
    begin_scope(scope);
    FieldCursor second(message);
    while (second.next()) {
      if (second.tag() != bytes_tag(2)) continue;
      span_.begin();
      SpanDecoder decoder(span_);
      model::SpanView span = decoder.decode(second.bytes());
      delivery_.deliver(span, span_.losses(), decoder.invalid_id());
    }
  }

  // Attributes of a scope are checked and not kept: no rule can name them.
  void begin_scope(const MessagePieces& scope) {
    scope_.begin();
    std::string_view name;
    std::string_view version;
    scope.for_each_field([&](const FieldCursor& field) {
      if (field.tag() == bytes_tag(1)) name = field.bytes();
      if (field.tag() == bytes_tag(2)) version = field.bytes();
    });
    const std::string_view kept_name = scope_.name(name);
    const std::string_view kept_version = scope_.name(version);
    scope_.check_only();
    ValueDecoder values(scope_);
    SpanBuilder::Row row = scope_.begin_attributes();
    scope.for_each_field([&](const FieldCursor& field) {
      if (field.tag() == bytes_tag(3)) values.attribute(row, field.bytes());
    });
    delivery_.begin_scope(kept_name, kept_version, scope_.losses());
  }

  SpanBuilder& resource_;
  SpanBuilder& scope_;
  SpanBuilder& span_;
  SpanDelivery& delivery_;
};

}  // namespace

TraceReader::TraceReader(const ReaderLimits& limits)
    : limits_(limits), resource_(limits), scope_(limits), span_(limits) {}

Result<ReadSummary> TraceReader::read(std::string_view bytes, const SpanCallback& on_span,
                                      const model::SpanInterest* interest) {
  const auto span_count = check_request(bytes, limits_.message_depth_max);
  if (!span_count) return fail(span_count.error());
  if (*span_count > limits_.spans_max) return too_many_spans(*span_count, limits_.spans_max);
  resource_.set_interest(interest);
  span_.set_interest(interest);
  SpanDelivery delivery(on_span);
  RequestDecoder(resource_, scope_, span_, delivery).decode(bytes);
  return delivery.summary();
}

tl::unexpected<Error> too_many_spans(std::uint64_t count, std::uint32_t spans_max) {
  return fail(ErrorCode::LimitExceeded,
              fmt::format("request has {} spans, the limit is {}", count, spans_max));
}

}  // namespace betrace::otlp
