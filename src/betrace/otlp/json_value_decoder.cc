#include "betrace/otlp/json_value_decoder.h"

#include "betrace/base/base64.h"

namespace betrace::otlp {
namespace {

bool is_value_member(std::string_view name) {
  return is_same(name, "stringValue") || is_same(name, "intValue") || is_same(name, "boolValue") ||
         is_same(name, "doubleValue") || is_same(name, "arrayValue") ||
         is_same(name, "kvlistValue") || is_same(name, "bytesValue");
}

// Reads a value that is no list or map and is written in the form of its type.
bool read_usual_value(std::string_view member, JsonElement element, model::ValueView* value) {
  const JsonType type = element.type();
  if (is_same(member, "stringValue") && type == JsonType::String) {
    *value = model::ValueView::string(element.as_text());
    return true;
  }
  if (is_same(member, "intValue")) {
    std::int64_t number = 0;
    if (type == JsonType::Int) {
      number = element.as_int();
    } else if (type != JsonType::String || !read_decimal(element.as_text(), &number)) {
      return false;
    }
    *value = model::ValueView::integer(number);
    return true;
  }
  if (is_same(member, "boolValue") && (type == JsonType::True || type == JsonType::False)) {
    *value = model::ValueView::boolean(type == JsonType::True);
    return true;
  }
  if (is_same(member, "doubleValue") && type == JsonType::Double) {
    *value = model::ValueView::real(element.as_double());
    return true;
  }
  return false;
}

// Takes the attribute as every SDK writes it, a key and then a value with one member; false, with
// nothing done, if it is written in another way or a limit is near. Each step is checked before the
// next is looked at. As of names, the parser has seen that all texts are UTF-8.
bool add_usual(SpanBuilder& builder, SpanBuilder::Row& row, JsonElement key_value) {
  const JsonElement key_name = key_value.inner();
  if (key_name.type() != JsonType::String || !is_same(key_name.as_text(), "key")) return false;
  const JsonElement key = key_name.inner();
  if (key.type() != JsonType::String) return false;
  const JsonElement value_name = key.inner();
  if (value_name.type() != JsonType::String || !is_same(value_name.as_text(), "value"))
    return false;
  const JsonElement any_value = value_name.inner();
  if (any_value.type() != JsonType::Object) return false;
  const JsonElement member = any_value.inner();
  if (member.type() != JsonType::String) return false;
  model::ValueView value;
  if (!read_usual_value(member.as_text(), member.inner(), &value)) return false;
  const JsonElement end = member.inner().next();
  if (end.type() != JsonType::End || end.inner().type() != JsonType::End) return false;
  const bool is_text = value.type() == model::ValueType::String;
  return builder.add_plain_attribute(row, key.as_text(), value,
                                     is_text ? value.as_text().size() : 0);
}

}  // namespace

model::AttributesView JsonValueDecoder::attributes(JsonElement list) {
  SpanBuilder::Row row = builder_.begin_attributes();
  for_each_object(list, "attributes", problem_, [&](JsonElement key_value) {
    if (add_usual(builder_, row, key_value)) return;
    builder_.count_attribute(row);
    field(row, key_value);
  });
  return builder_.end_attributes(row);
}

std::string_view JsonValueDecoder::name(JsonElement text, std::string_view member) {
  return builder_.plain_name(json_text(text, member, problem_));
}

void JsonValueDecoder::field(SpanBuilder::Row& row, JsonElement key_value) {
  JsonElement key;
  JsonElement any_value;
  for_each_member(key_value, [&](std::string_view name, JsonElement element) {
    if (is_same(name, "key")) key = element;
    if (is_same(name, "value")) any_value = element;
  });
  const std::string_view kept_key = builder_.key(json_text(key, "key", problem_));
  model::ValueView value;
  if (is_object(any_value, "value", problem_)) value = this->value(any_value);
  builder_.add_field(row, kept_key, value);
}

// Of the members of a oneof the last one counts.
model::ValueView JsonValueDecoder::value(JsonElement any_value) {
  std::string_view chosen;
  JsonElement member;
  for_each_member(any_value, [&](std::string_view name, JsonElement element) {
    if (!is_value_member(name) || !element.is_there()) return;
    chosen = name;
    member = element;
  });
  return member.is_there() ? make_value(chosen, member) : model::ValueView();
}

model::ValueView JsonValueDecoder::make_value(std::string_view member, JsonElement element) {
  if (is_same(member, "stringValue"))
    return builder_.string_value(json_text(element, member, problem_));
  if (is_same(member, "intValue")) {
    return model::ValueView::integer(json_int64(element, member, problem_));
  }
  if (is_same(member, "doubleValue")) {
    return model::ValueView::real(json_double(element, member, problem_));
  }
  if (is_same(member, "bytesValue")) return bytes(json_text(element, member, problem_));
  if (is_same(member, "boolValue")) {
    const bool is_true = element.type() == JsonType::True;
    if (!is_true && element.type() != JsonType::False) {
      problem_.set(member, "is not true or false");
    }
    return model::ValueView::boolean(is_true);
  }
  return is_same(member, "arrayValue") ? list(element) : map(element);
}

model::ValueView JsonValueDecoder::bytes(std::string_view base64) {
  const auto decoded = from_base64(base64);
  if (!decoded) problem_.set("bytesValue", "is not base64");
  // Decoded anew, so it must live as long as the views; what the limit cuts need not.
  return decoded ? builder_.owned_bytes_value(*decoded) : model::ValueView();
}

// Returns `values` of an ArrayValue or KeyValueList.
JsonElement JsonValueDecoder::values_of(JsonElement message, std::string_view member) {
  JsonElement values;
  if (!is_object(message, member, problem_)) return values;
  for_each_member(message, [&values](std::string_view name, JsonElement element) {
    if (is_same(name, "values")) values = element;
  });
  return values;
}

model::ValueView JsonValueDecoder::list(JsonElement array_value) {
  SpanBuilder::Row row = builder_.begin_list();
  for_each_object(values_of(array_value, "arrayValue"), "values", problem_, [&](JsonElement item) {
    builder_.count_item(row);
    builder_.add_item(row, value(item));
  });
  return builder_.end_list(row);
}

model::ValueView JsonValueDecoder::map(JsonElement key_value_list) {
  SpanBuilder::Row row = builder_.begin_map();
  const JsonElement values = values_of(key_value_list, "kvlistValue");
  for_each_object(values, "values", problem_, [&](JsonElement key_value) {
    builder_.count_item(row);
    field(row, key_value);
  });
  return builder_.end_map(row);
}

}  // namespace betrace::otlp
