#include "betrace/otlp/trace_reader.h"

#include <fmt/format.h>

#include <bit>
#include <vector>

#include "betrace/otlp/wire.h"
#include "betrace/otlp/wire_check.h"

namespace betrace::otlp {
namespace {

// Tags of the fields that are read. Source: opentelemetry/proto/{collector/trace,trace,common,
// resource}/v1/*.proto; field numbers there never change.
constexpr std::uint32_t bytes_tag(std::uint32_t number) {
  return wire_tag(number, WireType::Bytes);
}
constexpr std::uint32_t varint_tag(std::uint32_t number) {
  return wire_tag(number, WireType::Varint);
}
constexpr std::uint32_t fixed64_tag(std::uint32_t number) {
  return wire_tag(number, WireType::Fixed64);
}

// A message that may be split over repeats of its field: the pieces together are the message.
// Almost always there is one.
class Pieces {
 public:
  Pieces() = default;
  explicit Pieces(std::string_view only) : first_(only) {}

  void append(std::string_view piece) {
    if (piece.empty()) return;
    if (first_.empty()) {
      first_ = piece;
    } else {
      more_.push_back(piece);
    }
  }
  void clear() {
    first_ = {};
    more_.clear();
  }

  // Calls `on_field` with a cursor at each field of the message.
  template <typename OnField>
  void for_each_field(OnField on_field) const {
    walk(first_, on_field);
    for (const std::string_view piece : more_) walk(piece, on_field);
  }

 private:
  template <typename OnField>
  static void walk(std::string_view piece, OnField& on_field) {
    FieldCursor field(piece);
    while (field.next()) on_field(field);
  }

  std::string_view first_;
  std::vector<std::string_view> more_;
};

// Values and attributes, with the limits of the builder. The nesting of a request is bounded by
// check_request, so these functions may call each other.
class ValueDecoder {
 public:
  explicit ValueDecoder(SpanBuilder& builder) : builder_(builder) {}

  void attribute(SpanBuilder::Row& row, std::string_view key_value) {
    builder_.count_attribute(row);
    field(row, key_value);
  }

 private:
  void field(SpanBuilder::Row& row, std::string_view key_value) {
    std::string_view key;
    Pieces value;
    FieldCursor cursor(key_value);
    while (cursor.next()) {
      if (cursor.tag() == bytes_tag(1)) key = cursor.bytes();
      if (cursor.tag() == bytes_tag(2)) value.append(cursor.bytes());
    }
    const std::string_view kept_key = builder_.key(key);
    builder_.add_field(row, kept_key, this->value(value));
  }

  // Of the members of a oneof the last one counts; a message repeated in a row is merged.
  model::ValueView value(const Pieces& any_value) {
    std::uint32_t member = 0;
    std::uint64_t number = 0;
    std::string_view text;
    Pieces nested;
    any_value.for_each_field([&](const FieldCursor& field) {
      const std::uint32_t tag = field.tag();
      if (tag == bytes_tag(1) || tag == bytes_tag(7)) {
        text = field.bytes();
      } else if (tag == varint_tag(2) || tag == varint_tag(3) || tag == fixed64_tag(4)) {
        number = field.number();
      } else if (tag == bytes_tag(5) || tag == bytes_tag(6)) {
        if (member != tag) nested.clear();
        nested.append(field.bytes());
      } else {
        return;
      }
      member = tag;
    });
    return make_value(member, number, text, nested);
  }

  model::ValueView make_value(std::uint32_t member, std::uint64_t number, std::string_view text,
                              const Pieces& nested) {
    switch (member) {
      case bytes_tag(1):
        return builder_.string_value(text);
      case varint_tag(2):
        return model::ValueView::boolean(number != 0);
      case varint_tag(3):
        return model::ValueView::integer(static_cast<std::int64_t>(number));
      case fixed64_tag(4):
        return model::ValueView::real(std::bit_cast<double>(number));
      case bytes_tag(5):
        return list(nested);
      case bytes_tag(6):
        return map(nested);
      case bytes_tag(7):
        return builder_.bytes_value(text);
      default:
        return {};
    }
  }

  model::ValueView list(const Pieces& array_value) {
    SpanBuilder::Row row = builder_.begin_list();
    array_value.for_each_field([&](const FieldCursor& field) {
      if (field.tag() != bytes_tag(1)) return;
      builder_.count_item(row);
      builder_.add_item(row, value(Pieces(field.bytes())));
    });
    return builder_.end_list(row);
  }

  model::ValueView map(const Pieces& key_value_list) {
    SpanBuilder::Row row = builder_.begin_map();
    key_value_list.for_each_field([&](const FieldCursor& field) {
      if (field.tag() != bytes_tag(1)) return;
      builder_.count_item(row);
      this->field(row, field.bytes());
    });
    return builder_.end_map(row);
  }

  SpanBuilder& builder_;
};

// Copies an id of the right length; an empty one is zero.
template <typename IdType>
bool take_id(std::string_view bytes, IdType* id) {
  *id = IdType{};
  if (bytes.empty()) return true;
  if (bytes.size() != id->bytes.size()) return false;
  std::memcpy(id->bytes.data(), bytes.data(), bytes.size());
  return true;
}

// One Span message, field by field.
class SpanDecoder {
 public:
  explicit SpanDecoder(SpanBuilder& builder)
      : builder_(builder),
        values_(builder),
        attributes_(builder.begin_attributes()),
        events_(builder.begin_events()),
        links_(builder.begin_links()) {}

  // Returns the span without resource and scope.
  model::SpanView decode(std::string_view message) {
    FieldCursor field(message);
    while (field.next()) take(field);
    span_.name = builder_.name(name_);
    take_status();
    if (!take_id(trace_id_, &span_.trace_id)) invalid_id_ = "trace_id";
    if (!take_id(span_id_, &span_.span_id)) invalid_id_ = "span_id";
    if (!take_id(parent_span_id_, &span_.parent_span_id)) invalid_id_ = "parent_span_id";
    span_.attributes = builder_.end_attributes(attributes_);
    span_.events = builder_.end_events(events_);
    span_.links = builder_.end_links(links_);
    return span_;
  }

  [[nodiscard]] const char* invalid_id() const { return invalid_id_; }

 private:
  void take(const FieldCursor& field) {
    switch (field.tag()) {
      case bytes_tag(1):
        trace_id_ = field.bytes();
        break;
      case bytes_tag(2):
        span_id_ = field.bytes();
        break;
      case bytes_tag(4):
        parent_span_id_ = field.bytes();
        break;
      case bytes_tag(5):
        name_ = field.bytes();
        break;
      case varint_tag(6):
        span_.kind = kind_of(static_cast<std::int32_t>(field.number()));
        break;
      case fixed64_tag(7):
        span_.start_time_unix_nano = field.number();
        break;
      case fixed64_tag(8):
        span_.end_time_unix_nano = field.number();
        break;
      case bytes_tag(9):
        values_.attribute(attributes_, field.bytes());
        break;
      case bytes_tag(11):
        take_event(field.bytes());
        break;
      case bytes_tag(13):
        take_link(field.bytes());
        break;
      case bytes_tag(15):
        status_.append(field.bytes());
        break;
      default:
        break;
    }
  }

  static model::SpanKind kind_of(std::int32_t number) {
    return number >= 0 && number <= 5 ? static_cast<model::SpanKind>(number)
                                      : model::SpanKind::Unspecified;
  }

  void take_status() {
    std::string_view message;
    std::int32_t code = 0;
    status_.for_each_field([&](const FieldCursor& field) {
      if (field.tag() == bytes_tag(2)) message = field.bytes();
      if (field.tag() == varint_tag(3)) code = static_cast<std::int32_t>(field.number());
    });
    span_.status_message = builder_.name(message);
    span_.status_code =
        code >= 0 && code <= 2 ? static_cast<model::StatusCode>(code) : model::StatusCode::Unset;
  }

  void take_event(std::string_view message) {
    builder_.count_event(events_);
    model::EventView event;
    std::string_view name;
    SpanBuilder::Row attributes = builder_.begin_attributes();
    FieldCursor field(message);
    while (field.next()) {
      if (field.tag() == fixed64_tag(1)) event.time_unix_nano = field.number();
      if (field.tag() == bytes_tag(2)) name = field.bytes();
      if (field.tag() == bytes_tag(3)) values_.attribute(attributes, field.bytes());
    }
    event.name = builder_.name(name);
    event.attributes = builder_.end_attributes(attributes);
    builder_.add_event(events_, event);
  }

  void take_link(std::string_view message) {
    builder_.count_link(links_);
    model::LinkView link;
    std::string_view trace_id;
    std::string_view span_id;
    SpanBuilder::Row attributes = builder_.begin_attributes();
    FieldCursor field(message);
    while (field.next()) {
      if (field.tag() == bytes_tag(1)) trace_id = field.bytes();
      if (field.tag() == bytes_tag(2)) span_id = field.bytes();
      if (field.tag() == bytes_tag(4)) values_.attribute(attributes, field.bytes());
    }
    if (!take_id(trace_id, &link.trace_id)) invalid_id_ = "link trace_id";
    if (!take_id(span_id, &link.span_id)) invalid_id_ = "link span_id";
    link.attributes = builder_.end_attributes(attributes);
    builder_.add_link(links_, link);
  }

  SpanBuilder& builder_;
  ValueDecoder values_;
  SpanBuilder::Row attributes_;
  SpanBuilder::Row events_;
  SpanBuilder::Row links_;
  model::SpanView span_;
  std::string_view trace_id_;
  std::string_view span_id_;
  std::string_view parent_span_id_;
  std::string_view name_;
  Pieces status_;
  const char* invalid_id_ = nullptr;
};

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
    Pieces resource;
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

  void begin_resource(const Pieces& resource) {
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
    Pieces scope;
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
  void begin_scope(const Pieces& scope) {
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

Result<ReadSummary> TraceReader::read(std::string_view bytes, const SpanCallback& on_span) {
  const auto span_count = check_request(bytes, limits_.message_depth_max);
  if (!span_count) return fail(span_count.error());
  if (*span_count > limits_.spans_max) return too_many_spans(*span_count, limits_.spans_max);
  SpanDelivery delivery(on_span);
  RequestDecoder(resource_, scope_, span_, delivery).decode(bytes);
  return delivery.summary();
}

tl::unexpected<Error> too_many_spans(std::uint64_t count, std::uint32_t spans_max) {
  return fail(ErrorCode::LimitExceeded,
              fmt::format("request has {} spans, the limit is {}", count, spans_max));
}

}  // namespace betrace::otlp
