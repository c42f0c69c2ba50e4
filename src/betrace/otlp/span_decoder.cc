#include "betrace/otlp/span_decoder.h"

#include <cstring>

#include "betrace/base/utf8.h"

namespace betrace::otlp {
namespace {

// Copies an id of the right length; an empty one is zero.
template <typename IdType>
bool take_id(std::string_view bytes, IdType* id) {
  *id = IdType{};
  if (bytes.empty()) return true;
  if (bytes.size() != id->bytes.size()) return false;
  std::memcpy(id->bytes.data(), bytes.data(), bytes.size());
  return true;
}

model::SpanKind kind_of(std::int32_t number) {
  return number >= 0 && number <= 5 ? static_cast<model::SpanKind>(number)
                                    : model::SpanKind::Unspecified;
}

}  // namespace

SpanDecoder::SpanDecoder(SpanBuilder& builder, WireWalk& walk) noexcept
    : builder_(builder),
      walk_(walk),
      values_(builder, walk),
      attributes_(builder.begin_attributes()),
      events_(builder.begin_events()),
      links_(builder.begin_links()) {}

model::SpanView& SpanDecoder::decode(std::string_view message) {
  FieldCursor field(message, walk_);
  field.skip_to(take_usual_beginning(message));
  while (field.next()) {
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
        field.skip_to(values_.simple_attributes(attributes_, bytes_tag(9), field.rest()));
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
  span_.name = is_ascii(name_, walk_.message()) ? builder_.plain_name(name_) : builder_.name(name_);
  take_status();
  if (!take_id(trace_id_, &span_.trace_id)) invalid_id_ = "trace_id";
  if (!take_id(span_id_, &span_.span_id)) invalid_id_ = "span_id";
  if (!take_id(parent_span_id_, &span_.parent_span_id)) invalid_id_ = "parent_span_id";
  span_.attributes = builder_.end_attributes(attributes_);
  span_.events = builder_.end_events(events_);
  span_.links = builder_.end_links(links_);
  return span_;
}

// The fields that every SDK writes first, in this order: ids, name, kind and times. Returns what
// follows those that are there and written so.
std::string_view SpanDecoder::take_usual_beginning(std::string_view fields) {
  const char* at = fields.data();
  const char* const end = at + fields.size();
  const auto byte = [&at](std::size_t i) { return static_cast<unsigned char>(at[i]); };
  const auto take_bytes = [&](std::uint32_t tag, std::string_view* to) {
    const bool is_short = end - at >= 2 && byte(0) == tag && byte(1) < 0x80;
    if (!is_short || byte(1) > end - at - 2) return;
    *to = std::string_view(at + 2, byte(1));
    at += 2 + to->size();
  };
  const auto take_time = [&](std::uint32_t tag, std::uint64_t* to) {
    if (end - at < 9 || byte(0) != tag) return;
    std::memcpy(to, at + 1, sizeof *to);
    at += 9;
  };
  take_bytes(bytes_tag(1), &trace_id_);
  take_bytes(bytes_tag(2), &span_id_);
  take_bytes(bytes_tag(4), &parent_span_id_);
  take_bytes(bytes_tag(5), &name_);
  if (end - at >= 2 && byte(0) == varint_tag(6) && byte(1) < 0x80) {
    span_.kind = kind_of(byte(1));
    at += 2;
  }
  take_time(fixed64_tag(7), &span_.start_time_unix_nano);
  take_time(fixed64_tag(8), &span_.end_time_unix_nano);
  return values_.simple_attributes(attributes_, bytes_tag(9),
                                   {at, static_cast<std::size_t>(end - at)});
}

void SpanDecoder::take_status() {
  if (status_.is_absent()) return;
  std::string_view message;
  std::int32_t code = 0;
  status_.for_each_field(walk_, [&](const FieldCursor& field) {
    if (field.tag() == bytes_tag(2)) message = field.bytes();
    if (field.tag() == varint_tag(3)) code = static_cast<std::int32_t>(field.number());
  });
  span_.status_message = builder_.name(message);
  span_.status_code =
      code >= 0 && code <= 2 ? static_cast<model::StatusCode>(code) : model::StatusCode::Unset;
}

void SpanDecoder::take_event(std::string_view message) {
  builder_.count_event(events_);
  model::EventView event;
  std::string_view name;
  SpanBuilder::Row attributes = builder_.begin_attributes();
  FieldCursor field(message, walk_);
  while (field.next()) {
    if (field.tag() == fixed64_tag(1)) event.time_unix_nano = field.number();
    if (field.tag() == bytes_tag(2)) name = field.bytes();
    if (field.tag() == bytes_tag(3)) values_.attribute(attributes, field.bytes());
  }
  event.name = builder_.name(name);
  event.attributes = builder_.end_attributes(attributes);
  builder_.add_event(events_, event);
}

void SpanDecoder::take_link(std::string_view message) {
  builder_.count_link(links_);
  model::LinkView link;
  std::string_view trace_id;
  std::string_view span_id;
  SpanBuilder::Row attributes = builder_.begin_attributes();
  FieldCursor field(message, walk_);
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

}  // namespace betrace::otlp
