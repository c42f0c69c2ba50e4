#include "betrace/otlp/trace_reader.h"

#include <fmt/format.h>

#include "betrace/otlp/message_pieces.h"
#include "betrace/otlp/span_decoder.h"
#include "betrace/otlp/value_decoder.h"

namespace betrace::otlp {
namespace {

// Asks for the memory that a walk over spans reaches next: it jumps from span to span, which the
// processor does not foresee. May lie beyond the request; nothing is read there.
void prefetch_ahead(std::string_view span) {
  constexpr std::uintptr_t kDistance = 2'048;
  constexpr std::uintptr_t kLine = 64;
  const auto begin = reinterpret_cast<std::uintptr_t>(span.data()) + kDistance;
  for (std::uintptr_t at = begin; at < begin + span.size(); at += kLine) {
    __builtin_prefetch(reinterpret_cast<const void*>(at));
  }
}

// Of a message that may be malformed, which others find.
std::uint64_t count_spans(std::string_view request) {
  std::uint64_t count = 0;
  WireWalk walk;
  FieldCursor resources(request, walk);
  while (resources.next()) {
    if (resources.tag() != bytes_tag(1)) continue;
    FieldCursor scopes(resources.bytes(), walk);
    while (scopes.next()) {
      if (scopes.tag() != bytes_tag(2)) continue;
      FieldCursor spans(scopes.bytes(), walk);
      while (spans.next()) {
        if (spans.tag() != bytes_tag(2)) continue;
        ++count;
        prefetch_ahead(spans.bytes());
      }
    }
  }
  return count;
}

// The levels above a span. Resource and Scope may follow the spans that they describe, so each
// level is walked for them first.
class RequestDecoder {
 public:
  RequestDecoder(SpanBuilder& resource, SpanBuilder& scope, SpanBuilder& span,
                 SpanDelivery& delivery, WireWalk& walk)
      : resource_(resource), scope_(scope), span_(span), delivery_(delivery), walk_(walk) {}

  void decode(std::string_view request) {
    FieldCursor field(request, walk_);
    while (walk_.is_ok() && field.next()) {
      if (field.tag() == bytes_tag(1)) decode_resource_spans(field.bytes());
    }
  }

 private:
  void decode_resource_spans(std::string_view message) {
    const MessagePieces resource = first_field_of(message);
    FieldCursor field(message, walk_);
    begin_resource(resource);
    while (walk_.is_ok() && field.next()) {
      if (field.tag() == bytes_tag(2)) decode_scope_spans(field.bytes());
    }
  }

  [[nodiscard]] MessagePieces first_field_of(std::string_view message) {
    MessagePieces pieces;
    FieldCursor field(message, walk_);
    while (field.next()) {
      if (field.tag() == bytes_tag(1)) pieces.append(field.bytes());
    }
    return pieces;
  }

  void begin_resource(const MessagePieces& resource) {
    resource_.begin();
    ValueDecoder values(resource_, walk_);
    SpanBuilder::Row row = resource_.begin_attributes();
    resource.for_each_field(walk_, [&](const FieldCursor& field) {
      if (field.tag() == bytes_tag(1)) values.attribute(row, field.bytes());
    });
    const model::AttributesView attributes = resource_.end_attributes(row);
    delivery_.begin_resource(attributes, resource_.losses());
  }

  void decode_scope_spans(std::string_view message) {
    const MessagePieces scope = first_field_of(message);
    FieldCursor field(message, walk_);
    begin_scope(scope);
    while (field.next()) {
      if (field.tag() != bytes_tag(2)) continue;
      span_.begin();
      SpanDecoder decoder(span_, walk_);
      model::SpanView& span = decoder.decode(field.bytes());
      if (!walk_.is_ok()) return;
      delivery_.deliver(span, span_.losses(), decoder.invalid_id());
    }
  }

  // Attributes of a scope are checked and not kept: no rule can name them.
  void begin_scope(const MessagePieces& scope) {
    scope_.begin();
    std::string_view name;
    std::string_view version;
    scope.for_each_field(walk_, [&](const FieldCursor& field) {
      if (field.tag() == bytes_tag(1)) name = field.bytes();
      if (field.tag() == bytes_tag(2)) version = field.bytes();
    });
    const std::string_view kept_name = scope_.name(name);
    const std::string_view kept_version = scope_.name(version);
    scope_.check_only();
    ValueDecoder values(scope_, walk_);
    SpanBuilder::Row row = scope_.begin_attributes();
    scope.for_each_field(walk_, [&](const FieldCursor& field) {
      if (field.tag() == bytes_tag(3)) values.attribute(row, field.bytes());
    });
    delivery_.begin_scope(kept_name, kept_version, scope_.losses());
  }

  SpanBuilder& resource_;
  SpanBuilder& scope_;
  SpanBuilder& span_;
  SpanDelivery& delivery_;
  WireWalk& walk_;
};

}  // namespace

TraceReader::TraceReader(const ReaderLimits& limits)
    : limits_(limits), resource_(limits), scope_(limits), span_(limits) {}

Result<ReadSummary> TraceReader::read(std::string_view bytes, const SpanCallback& on_span,
                                      const model::SpanInterest* interest) {
  const std::uint64_t span_count = count_spans(bytes);
  if (span_count > limits_.spans_max) return too_many_spans(span_count, limits_.spans_max);
  resource_.set_interest(interest);
  span_.set_interest(interest);
  SpanDelivery delivery(on_span);
  WireWalk walk(limits_.message_depth_max);
  RequestDecoder(resource_, scope_, span_, delivery, walk).decode(bytes);
  if (!walk.is_ok()) {
    return fail(ErrorCode::InvalidArgument,
                fmt::format("malformed protobuf at byte {}: {}", walk.problem_at() - bytes.data(),
                            walk.problem()));
  }
  return delivery.summary();
}

tl::unexpected<Error> too_many_spans(std::uint64_t count, std::uint32_t spans_max) {
  return fail(ErrorCode::LimitExceeded,
              fmt::format("request has {} spans, the limit is {}", count, spans_max));
}

}  // namespace betrace::otlp
