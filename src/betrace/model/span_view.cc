#include "betrace/model/span_view.h"

#include <array>

namespace betrace::model {

ValueView ValueView::boolean(bool value) noexcept {
  ValueView view(ValueType::Bool, 0);
  view.boolean_ = value;
  return view;
}

ValueView ValueView::integer(std::int64_t value) noexcept {
  ValueView view(ValueType::Int, 0);
  view.integer_ = value;
  return view;
}

ValueView ValueView::real(double value) noexcept {
  ValueView view(ValueType::Double, 0);
  view.real_ = value;
  return view;
}

ValueView ValueView::string(std::string_view text) noexcept {
  ValueView view(ValueType::String, text.size());
  view.text_ = text.data();
  return view;
}

ValueView ValueView::bytes(std::string_view raw) noexcept {
  ValueView view(ValueType::Bytes, raw.size());
  view.text_ = raw.data();
  return view;
}

ValueView ValueView::list(std::span<const ValueView> items) noexcept {
  ValueView view(ValueType::List, items.size());
  view.items_ = items.data();
  return view;
}

ValueView ValueView::map(std::span<const AttributeView> fields) noexcept {
  ValueView view(ValueType::Map, fields.size());
  view.fields_ = fields.data();
  return view;
}

bool ValueView::as_bool() const noexcept { return boolean_; }
std::int64_t ValueView::as_int() const noexcept { return integer_; }
double ValueView::as_double() const noexcept { return real_; }
std::string_view ValueView::as_text() const noexcept { return {text_, size_}; }
std::span<const ValueView> ValueView::as_list() const noexcept { return {items_, size_}; }
std::span<const AttributeView> ValueView::as_map() const noexcept { return {fields_, size_}; }

ValueView find_attribute(AttributesView attributes, std::string_view key) noexcept {
  for (const AttributeView& attribute : attributes) {
    if (attribute.key == key) return attribute.value;
  }
  return {};
}

std::string_view name_of(SpanKind kind) noexcept {
  constexpr std::array<std::string_view, 6> kNames = {"internal", "internal", "server",
                                                      "client",   "producer", "consumer"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::string_view name_of(StatusCode code) noexcept {
  constexpr std::array<std::string_view, 3> kNames = {"unset", "ok", "error"};
  return kNames[static_cast<std::size_t>(code)];
}

std::string_view service_of(const SpanView& span) noexcept {
  constexpr std::string_view kKey = "service.name";
  for (const AttributesView attributes : {span.resource, span.attributes}) {
    const ValueView value = find_attribute(attributes, kKey);
    if (value.type() == ValueType::String) return value.as_text();
  }
  return {};
}

}  // namespace betrace::model
