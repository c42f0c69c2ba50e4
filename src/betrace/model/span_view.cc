#include "betrace/model/span_view.h"

#include <array>

namespace betrace::model {

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
