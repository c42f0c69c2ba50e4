#include <bit>

#include "betrace/otlp/span_groups.h"
#include "betrace/otlp/trace_writer.h"
#include "betrace/otlp/wire_writer.h"

namespace betrace::otlp {
namespace {

// Field numbers as in trace_reader.cc. Defaults are left out, as every protobuf writer does; a
// member of a oneof never is, since its presence is its meaning.
class RequestWriter {
 public:
  std::string write(std::span<const model::SpanView> spans) {
    for_each_group(spans, same_resource, [this](std::span<const model::SpanView> group) {
      writer_.message_field(1, [&] { resource_spans(group); });
    });
    return writer_.take();
  }

 private:
  void resource_spans(std::span<const model::SpanView> spans) {
    writer_.message_field(1, [&] { attributes(1, spans.front().resource); });
    for_each_group(spans, same_scope, [this](std::span<const model::SpanView> group) {
      writer_.message_field(2, [&] { scope_spans(group); });
    });
  }

  void scope_spans(std::span<const model::SpanView> spans) {
    writer_.message_field(1, [&] {
      text(1, spans.front().scope_name);
      text(2, spans.front().scope_version);
    });
    for (const model::SpanView& one : spans) {
      writer_.message_field(2, [&] { span(one); });
    }
  }

  void span(const model::SpanView& span) {
    id(1, span.trace_id);
    id(2, span.span_id);
    if (!span.is_root()) id(4, span.parent_span_id);
    text(5, span.name);
    number(6, static_cast<std::uint64_t>(span.kind));
    writer_.fixed64_field(7, span.start_time_unix_nano);
    writer_.fixed64_field(8, span.end_time_unix_nano);
    attributes(9, span.attributes);
    for (const model::EventView& one : span.events) {
      writer_.message_field(11, [&] { event(one); });
    }
    for (const model::LinkView& one : span.links) {
      writer_.message_field(13, [&] { link(one); });
    }
    if (span.status_code != model::StatusCode::Unset || !span.status_message.empty()) {
      writer_.message_field(15, [&] {
        text(2, span.status_message);
        number(3, static_cast<std::uint64_t>(span.status_code));
      });
    }
  }

  void event(const model::EventView& event) {
    writer_.fixed64_field(1, event.time_unix_nano);
    text(2, event.name);
    attributes(3, event.attributes);
  }

  void link(const model::LinkView& link) {
    id(1, link.trace_id);
    id(2, link.span_id);
    attributes(4, link.attributes);
  }

  void attributes(std::uint32_t field, model::AttributesView attributes) {
    for (const model::AttributeView& attribute : attributes) {
      writer_.message_field(field, [&] {
        text(1, attribute.key);
        writer_.message_field(2, [&] { value(attribute.value); });
      });
    }
  }

  void value(const model::ValueView& value) {
    switch (value.type()) {
      case model::ValueType::Nil:
        break;
      case model::ValueType::Bool:
        writer_.varint_field(2, value.as_bool() ? 1 : 0);
        break;
      case model::ValueType::Int:
        writer_.varint_field(3, std::bit_cast<std::uint64_t>(value.as_int()));
        break;
      case model::ValueType::Double:
        writer_.double_field(4, value.as_double());
        break;
      case model::ValueType::String:
        writer_.bytes_field(1, value.as_text());
        break;
      case model::ValueType::Bytes:
        writer_.bytes_field(7, value.as_text());
        break;
      case model::ValueType::List:
        writer_.message_field(5, [&] {
          for (const model::ValueView& item : value.as_list()) {
            writer_.message_field(1, [&] { this->value(item); });
          }
        });
        break;
      case model::ValueType::Map:
        writer_.message_field(6, [&] { attributes(1, value.as_map()); });
        break;
    }
  }

  template <std::size_t N>
  void id(std::uint32_t field, const model::Id<N>& id) {
    writer_.bytes_field(field, std::string_view(reinterpret_cast<const char*>(id.bytes.data()), N));
  }

  void text(std::uint32_t field, std::string_view text) {
    if (!text.empty()) writer_.bytes_field(field, text);
  }

  void number(std::uint32_t field, std::uint64_t number) {
    if (number != 0) writer_.varint_field(field, number);
  }

  WireWriter writer_;
};

}  // namespace

std::string write_protobuf(std::span<const model::SpanView> spans) {
  return RequestWriter().write(spans);
}

}  // namespace betrace::otlp
