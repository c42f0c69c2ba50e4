// A span as received, as views into memory that somebody else owns.
//
// otlp/ makes them over the bytes of a request, model/kept_span.h over a copy of its own; rules/
// evaluates them. A view is cheap to copy and valid as long as its owner lives.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "betrace/model/ids.h"

namespace betrace::model {

struct AttributeView;

/// The kinds of an attribute's value. Source: OTLP common.v1.AnyValue; Nil is an unset value.
enum class ValueType : std::uint8_t { Nil, Bool, Int, Double, String, Bytes, List, Map };

/// One attribute value: a tagged 16-byte view. Owner: that of the span.
class ValueView {
 public:
  ValueView() = default;
  [[nodiscard]] static ValueView boolean(bool value) noexcept {
    ValueView view(ValueType::Bool, 0);
    view.boolean_ = value;
    return view;
  }
  [[nodiscard]] static ValueView integer(std::int64_t value) noexcept {
    ValueView view(ValueType::Int, 0);
    view.integer_ = value;
    return view;
  }
  [[nodiscard]] static ValueView real(double value) noexcept {
    ValueView view(ValueType::Double, 0);
    view.real_ = value;
    return view;
  }
  [[nodiscard]] static ValueView string(std::string_view text) noexcept {
    ValueView view(ValueType::String, text.size());
    view.text_ = text.data();
    return view;
  }
  /// Raw bytes, not base64.
  [[nodiscard]] static ValueView bytes(std::string_view raw) noexcept {
    ValueView view(ValueType::Bytes, raw.size());
    view.text_ = raw.data();
    return view;
  }
  [[nodiscard]] static ValueView list(std::span<const ValueView> items) noexcept {
    ValueView view(ValueType::List, items.size());
    view.items_ = items.data();
    return view;
  }
  [[nodiscard]] static ValueView map(std::span<const AttributeView> fields) noexcept;

  [[nodiscard]] ValueType type() const noexcept { return type_; }
  /// Each accessor requires the type of its name; `as_text` String or Bytes.
  [[nodiscard]] bool as_bool() const noexcept { return boolean_; }
  [[nodiscard]] std::int64_t as_int() const noexcept { return integer_; }
  [[nodiscard]] double as_double() const noexcept { return real_; }
  [[nodiscard]] std::string_view as_text() const noexcept { return {text_, size_}; }
  [[nodiscard]] std::span<const ValueView> as_list() const noexcept { return {items_, size_}; }
  [[nodiscard]] std::span<const AttributeView> as_map() const noexcept;

 private:
  ValueView(ValueType type, std::size_t size) noexcept
      : type_(type), size_(static_cast<std::uint32_t>(size)) {}

  ValueType type_ = ValueType::Nil;
  std::uint32_t size_ = 0;  // bytes of a text, items of a list, fields of a map
  union {
    bool boolean_;
    std::int64_t integer_ = 0;
    double real_;
    const char* text_;
    const ValueView* items_;
    const AttributeView* fields_;
  };
};

/// One key with its value. Source: OTLP common.v1.KeyValue.
struct AttributeView {
  std::string_view key;
  ValueView value;
};

inline ValueView ValueView::map(std::span<const AttributeView> fields) noexcept {
  ValueView view(ValueType::Map, fields.size());
  view.fields_ = fields.data();
  return view;
}

inline std::span<const AttributeView> ValueView::as_map() const noexcept {
  return {fields_, size_};
}

/// Attributes in wire order. Keys should be unique; of equal keys the first is read.
using AttributesView = std::span<const AttributeView>;

/// Returns the value of `key`, nil if it is absent. Cost: linear.
[[nodiscard]] ValueView find_attribute(AttributesView attributes, std::string_view key) noexcept;

/// Source: OTLP trace.v1.Span.SpanKind, same numbers; any unknown number reads as Unspecified.
enum class SpanKind : std::uint8_t {
  Unspecified = 0,
  Internal = 1,
  Server = 2,
  Client = 3,
  Producer = 4,
  Consumer = 5,
};

/// Source: OTLP trace.v1.Status.StatusCode, same numbers; any unknown number reads as Unset.
enum class StatusCode : std::uint8_t { Unset = 0, Ok = 1, Error = 2 };

/// Lower-case names as rules write them: `internal` (also for Unspecified) `server` ...; `unset`
/// ...
[[nodiscard]] std::string_view name_of(SpanKind kind) noexcept;
[[nodiscard]] std::string_view name_of(StatusCode code) noexcept;

/// Source: OTLP trace.v1.Span.Event.
struct EventView {
  std::uint64_t time_unix_nano = 0;
  std::string_view name;
  AttributesView attributes;
};

/// Source: OTLP trace.v1.Span.Link.
struct LinkView {
  TraceId trace_id;
  SpanId span_id;
  AttributesView attributes;
};

/// Source: OTLP trace.v1.Span with its ResourceSpans.resource and ScopeSpans.scope.
struct SpanView {
  TraceId trace_id;
  SpanId span_id;
  SpanId parent_span_id;  ///< Zero when the span is a root.
  std::string_view name;
  SpanKind kind = SpanKind::Unspecified;
  StatusCode status_code = StatusCode::Unset;
  std::string_view status_message;
  std::uint64_t start_time_unix_nano = 0;
  std::uint64_t end_time_unix_nano = 0;
  AttributesView attributes;
  AttributesView resource;
  /// Spans with the same number have the same resource, as long as the process runs. Zero: whoever
  /// made the view, or changed its resource, does not say.
  std::uint64_t resource_number = 0;
  std::string_view scope_name;
  std::string_view scope_version;
  std::span<const EventView> events;
  std::span<const LinkView> links;
  /// Only its ids and its start are known: no rule asks for more. It fits no condition.
  bool is_counted_only = false;
  bool cut = false;  ///< It lost attributes, events or links, or parts of them, to a limit.

  [[nodiscard]] bool is_root() const noexcept { return parent_span_id.is_zero(); }
  /// The end, or the start if the end lies before it.
  [[nodiscard]] std::uint64_t corrected_end() const noexcept {
    return end_time_unix_nano < start_time_unix_nano ? start_time_unix_nano : end_time_unix_nano;
  }
};

/// Resource attribute `service.name`, else the span attribute of that name; empty if neither is a
/// text. Source: OpenTelemetry resource semantic conventions.
[[nodiscard]] std::string_view service_of(const SpanView& span) noexcept;

}  // namespace betrace::model
