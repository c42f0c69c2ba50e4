#include <fmt/format.h>

#include "betrace/base/base64.h"
#include "betrace/otlp/json_text.h"
#include "betrace/otlp/span_groups.h"
#include "betrace/otlp/trace_writer.h"

namespace betrace::otlp {
namespace {

// Writes members in the order of the field numbers; ids as hex and 64-bit integers as text, as
// OTLP/JSON has it.
class JsonRequestWriter {
 public:
  std::string write(std::span<const model::SpanView> spans) {
    out_ = R"({"resourceSpans":[)";
    for_each_group(spans, same_resource,
                   [this](std::span<const model::SpanView> group) { resource_spans(group); });
    out_ += "]}";
    return std::move(out_);
  }

 private:
  void resource_spans(std::span<const model::SpanView> spans) {
    separate();
    out_ += R"({"resource":{)";
    attributes(spans.front().resource);
    out_ += R"(},"scopeSpans":[)";
    for_each_group(spans, same_scope,
                   [this](std::span<const model::SpanView> group) { scope_spans(group); });
    out_ += "]}";
  }

  void scope_spans(std::span<const model::SpanView> spans) {
    separate();
    out_ += R"({"scope":{)";
    text("name", spans.front().scope_name);
    text("version", spans.front().scope_version);
    out_ += R"(},"spans":[)";
    for (const model::SpanView& one : spans) span(one);
    out_ += "]}";
  }

  void span(const model::SpanView& span) {
    separate();
    out_ +=
        fmt::format(R"({{"traceId":"{}","spanId":"{}")", span.trace_id.hex(), span.span_id.hex());
    if (!span.is_root()) text("parentSpanId", span.parent_span_id.hex());
    text("name", span.name);
    out_ += fmt::format(R"(,"kind":{},"startTimeUnixNano":"{}","endTimeUnixNano":"{}")",
                        static_cast<int>(span.kind), span.start_time_unix_nano,
                        span.end_time_unix_nano);
    attributes(span.attributes);
    list("events", span.events, [this](const model::EventView& one) { event(one); });
    list("links", span.links, [this](const model::LinkView& one) { link(one); });
    member("status");
    out_ += '{';
    text("message", span.status_message);
    if (span.status_code != model::StatusCode::Unset) {
      member("code");
      out_ += fmt::format("{}", static_cast<int>(span.status_code));
    }
    out_ += "}}";
  }

  void event(const model::EventView& event) {
    out_ += fmt::format(R"({{"timeUnixNano":"{}")", event.time_unix_nano);
    text("name", event.name);
    attributes(event.attributes);
    out_ += '}';
  }

  void link(const model::LinkView& link) {
    out_ +=
        fmt::format(R"({{"traceId":"{}","spanId":"{}")", link.trace_id.hex(), link.span_id.hex());
    attributes(link.attributes);
    out_ += '}';
  }

  void attributes(model::AttributesView attributes) {
    list("attributes", attributes, [this](const model::AttributeView& one) { key_value(one); });
  }

  void key_value(const model::AttributeView& attribute) {
    out_ += R"({"key":)";
    append_json_string(out_, attribute.key);
    out_ += R"(,"value":)";
    value(attribute.value);
    out_ += '}';
  }

  void value(const model::ValueView& value) {
    out_ += '{';
    switch (value.type()) {
      case model::ValueType::Nil:
        break;
      case model::ValueType::Bool:
        out_ += value.as_bool() ? R"("boolValue":true)" : R"("boolValue":false)";
        break;
      case model::ValueType::Int:
        out_ += fmt::format(R"("intValue":"{}")", value.as_int());
        break;
      case model::ValueType::Double:
        out_ += R"("doubleValue":)";
        append_json_double(out_, value.as_double());
        break;
      case model::ValueType::String:
        out_ += R"("stringValue":)";
        append_json_string(out_, value.as_text());
        break;
      case model::ValueType::Bytes:
        out_ += fmt::format(R"("bytesValue":"{}")", to_base64(value.as_text()));
        break;
      case model::ValueType::List:
        out_ += R"("arrayValue":{)";
        list("values", value.as_list(), [this](const model::ValueView& one) { this->value(one); });
        out_ += '}';
        break;
      case model::ValueType::Map:
        out_ += R"("kvlistValue":{)";
        list("values", value.as_map(), [this](const model::AttributeView& one) { key_value(one); });
        out_ += '}';
        break;
    }
    out_ += '}';
  }

  template <typename T, typename Write>
  void list(std::string_view name, std::span<const T> items, Write write) {
    if (items.empty()) return;
    member(name);
    out_ += '[';
    for (const T& item : items) {
      separate();
      write(item);
    }
    out_ += ']';
  }

  void text(std::string_view name, std::string_view text) {
    if (text.empty()) return;
    member(name);
    append_json_string(out_, text);
  }

  void member(std::string_view name) {
    separate();
    out_ += fmt::format("\"{}\":", name);
  }

  // Puts the comma that stands between two items of a list or members of an object.
  void separate() {
    if (out_.back() != '{' && out_.back() != '[') out_ += ',';
  }

  std::string out_;
};

}  // namespace

std::string write_json(std::span<const model::SpanView> spans) {
  return JsonRequestWriter().write(spans);
}

}  // namespace betrace::otlp
