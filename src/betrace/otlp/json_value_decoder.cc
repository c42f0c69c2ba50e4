#include "betrace/otlp/json_value_decoder.h"

#include "betrace/base/base64.h"

namespace betrace::otlp {
namespace {

bool is_value_member(std::string_view name) {
  return name == "stringValue" || name == "intValue" || name == "boolValue" ||
         name == "doubleValue" || name == "arrayValue" || name == "kvlistValue" ||
         name == "bytesValue";
}

}  // namespace

model::AttributesView JsonValueDecoder::attributes(const JsonMember& list) {
  SpanBuilder::Row row = builder_.begin_attributes();
  if (list.is_there()) {
    for_each_object(list.element(), "attributes", problem_, [&](Object key_value) {
      builder_.count_attribute(row);
      field(row, key_value);
    });
  }
  return builder_.end_attributes(row);
}

std::string_view JsonValueDecoder::name(const JsonMember& member, std::string_view name) {
  return builder_.name(member.is_there() ? json_text(member.element(), name, problem_) : "");
}

void JsonValueDecoder::field(SpanBuilder::Row& row, Object key_value) {
  JsonMember key;
  JsonMember any_value;
  for (const auto& [name, element] : key_value) {
    if (name == "key") key.set(element);
    if (name == "value") any_value.set(element);
  }
  const std::string_view kept_key =
      builder_.key(key.is_there() ? json_text(key.element(), "key", problem_) : "");
  model::ValueView value;
  if (any_value.is_there()) value = this->value_of(any_value.element());
  builder_.add_field(row, kept_key, value);
}

model::ValueView JsonValueDecoder::value_of(JsonElement any_value) {
  if (any_value.is_object()) return value(any_value.get_object().value_unsafe());
  problem_.set("value", "is not an object");
  return {};
}

// Of the members of a oneof the last one counts.
model::ValueView JsonValueDecoder::value(Object any_value) {
  std::string_view chosen;
  JsonMember member;
  for (const auto& [name, element] : any_value) {
    if (!is_value_member(name) || element.is_null()) continue;
    chosen = name;
    member.set(element);
  }
  return member.is_there() ? make_value(chosen, member.element()) : model::ValueView();
}

model::ValueView JsonValueDecoder::make_value(std::string_view member, JsonElement element) {
  if (member == "stringValue") return builder_.string_value(json_text(element, member, problem_));
  if (member == "intValue") {
    return model::ValueView::integer(json_int64(element, member, problem_));
  }
  if (member == "doubleValue") {
    return model::ValueView::real(json_double(element, member, problem_));
  }
  if (member == "bytesValue") return bytes(json_text(element, member, problem_));
  if (member == "boolValue") {
    if (!element.is_bool()) problem_.set(member, "is not true or false");
    return model::ValueView::boolean(element.is_bool() && element.get_bool().value_unsafe());
  }
  return member == "arrayValue" ? list(element) : map(element);
}

model::ValueView JsonValueDecoder::bytes(std::string_view base64) {
  const auto decoded = from_base64(base64);
  if (!decoded) problem_.set("bytesValue", "is not base64");
  // Decoded anew, so it must live as long as the views; what the limit cuts need not.
  return decoded ? builder_.owned_bytes_value(*decoded) : model::ValueView();
}

// Returns `values` of an ArrayValue or KeyValueList.
JsonMember JsonValueDecoder::values_of(JsonElement message, std::string_view member) {
  JsonMember values;
  if (!message.is_object()) {
    problem_.set(member, "is not an object");
    return values;
  }
  for (const auto& [name, element] : Object(message.get_object().value_unsafe())) {
    if (name == "values") values.set(element);
  }
  return values;
}

model::ValueView JsonValueDecoder::list(JsonElement array_value) {
  SpanBuilder::Row row = builder_.begin_list();
  const JsonMember values = values_of(array_value, "arrayValue");
  if (values.is_there()) {
    for_each_object(values.element(), "values", problem_, [&](Object item) {
      builder_.count_item(row);
      builder_.add_item(row, value(item));
    });
  }
  return builder_.end_list(row);
}

model::ValueView JsonValueDecoder::map(JsonElement key_value_list) {
  SpanBuilder::Row row = builder_.begin_map();
  const JsonMember values = values_of(key_value_list, "kvlistValue");
  if (values.is_there()) {
    for_each_object(values.element(), "values", problem_, [&](Object key_value) {
      builder_.count_item(row);
      field(row, key_value);
    });
  }
  return builder_.end_map(row);
}

}  // namespace betrace::otlp
