#include "betrace/otlp/trace_reader.h"

#include <fmt/format.h>

#include "betrace/base/prefetch.h"
#include "betrace/otlp/message_pieces.h"
#include "betrace/otlp/span_decoder.h"
#include "betrace/otlp/value_decoder.h"

namespace betrace::otlp {
namespace {

// Asks for the memory that a walk over spans reaches next: it jumps from span to span, which the
// processor does not foresee. May lie beyond the request; nothing is read there.
void prefetch_ahead(std::string_view span) {
  constexpr std::uintptr_t kDistance = 8'192;
  constexpr std::uintptr_t kLine = 64;
  const auto begin = reinterpret_cast<std::uintptr_t>(span.data()) + kDistance;
  for (std::uintptr_t at = begin; at < begin + span.size(); at += kLine) {
    prefetch_to_read(reinterpret_cast<const void*>(at));
  }
}

// The levels above a span. Resource and Scope may follow the spans that they describe, so each
// level is walked for them first.
class RequestDecoder {
 public:
  RequestDecoder(SpanBuilder& resource, SpanBuilder& scope, SpanBuilder& span,
                 SpanDelivery& delivery, WireWalk& walk, std::uint32_t spans_max)
      : resource_(resource),
        scope_(scope),
        span_(span),
        delivery_(delivery),
        walk_(walk),
        spans_max_(spans_max) {}

  void decode() {
    FieldCursor field(walk_.message(), walk_);
    while (walk_.is_ok() && field.next()) {
      if (field.tag() == bytes_tag(1)) decode_resource_spans(field.bytes());
    }
  }

  /// Those of the request; if they are more than the limit, not all of them were delivered.
  [[nodiscard]] std::uint64_t span_count() const noexcept { return span_count_; }

 private:
  void decode_resource_spans(std::string_view message) {
    const MessagePieces resource = resource_of(message);
    FieldCursor field(message, walk_);
    begin_resource(resource);
    while (walk_.is_ok() && field.next()) {
      if (field.tag() == bytes_tag(2)) decode_scope_spans(field.bytes());
    }
  }

  [[nodiscard]] MessagePieces resource_of(std::string_view resource_spans) {
    MessagePieces resource;
    FieldCursor field(resource_spans, walk_);
    while (field.next()) {
      if (field.tag() == bytes_tag(1)) resource.append(field.bytes());
    }
    return resource;
  }

  // Counts the spans, too.
  [[nodiscard]] MessagePieces scope_of(std::string_view scope_spans) {
    MessagePieces scope;
    FieldCursor field(scope_spans, walk_);
    while (field.next()) {
      if (field.tag() == bytes_tag(1)) scope.append(field.bytes());
      if (field.tag() != bytes_tag(2)) continue;
      ++span_count_;
      prefetch_ahead(field.bytes());
    }
    return scope;
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
    const MessagePieces scope = scope_of(message);
    if (span_count_ > spans_max_) return;
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
  std::uint32_t spans_max_;
  std::uint64_t span_count_ = 0;
};

}  // namespace

TraceReader::TraceReader(const ReaderLimits& limits)
    : limits_(limits), resource_(limits), scope_(limits), span_(limits) {}

Result<ReadSummary> TraceReader::read(std::string_view bytes, const SpanCallback& on_span,
                                      const model::SpanInterest* interest) {
  resource_.set_interest(interest);
  span_.set_interest(interest);
  SpanDelivery delivery(on_span);
  WireWalk walk(bytes, limits_.message_depth_max);
  RequestDecoder decoder(resource_, scope_, span_, delivery, walk, limits_.spans_max);
  decoder.decode();
  if (!walk.is_ok()) {
    return fail(ErrorCode::InvalidArgument,
                fmt::format("malformed protobuf at byte {}: {}", walk.problem_at() - bytes.data(),
                            walk.problem()));
  }
  if (decoder.span_count() > limits_.spans_max) {
    return too_many_spans(decoder.span_count(), limits_.spans_max);
  }
  return delivery.summary();
}

tl::unexpected<Error> too_many_spans(std::uint64_t count, std::uint32_t spans_max) {
  return fail(ErrorCode::LimitExceeded,
              fmt::format("request has {} spans, the limit is {}", count, spans_max));
}

}  // namespace betrace::otlp
