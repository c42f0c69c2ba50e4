#include "betrace/evidence/attribute_payload.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "betrace/base/base64.h"

namespace betrace::evidence {
namespace {

using model::AttributesView;
using model::AttributeView;
using model::ValueType;
using model::ValueView;

// The shortest text that reads back as the same number; names as in XML Schema.
std::string double_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "INF" : "-INF";
  std::array<char, 32> digits;
  const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  return std::string(digits.data(), result.ptr);
}

bool read_double(std::string_view text, double* out) {
  if (text == "NaN") {
    *out = std::numeric_limits<double>::quiet_NaN();
    return true;
  }
  if (text == "INF" || text == "-INF") {
    *out = text[0] == '-' ? -HUGE_VAL : HUGE_VAL;
    return true;
  }
  const auto result = std::from_chars(text.data(), text.data() + text.size(), *out);
  return result.ec == std::errc() && result.ptr == text.data() + text.size();
}

void append_tagged(CanonicalWriter* writer, std::string_view tag, std::string_view text) {
  writer->begin_object().key(tag).text(text).end_object();
}

bool append_value(CanonicalWriter* writer, const ValueView& value, int depth);

void append_integer(CanonicalWriter* writer, std::int64_t value) {
  if (value > kCanonicalIntegerMax || value < -kCanonicalIntegerMax) {
    append_tagged(writer, "int", std::to_string(value));
  } else {
    writer->integer(value);
  }
}

bool append_list(CanonicalWriter* writer, std::span<const ValueView> items, int depth) {
  writer->begin_array();
  for (const ValueView& item : items) {
    if (!append_value(writer, item, depth + 1)) return false;
  }
  writer->end_array();
  return true;
}

bool append_map(CanonicalWriter* writer, AttributesView fields, int depth) {
  writer->begin_object().key("map").begin_array();
  for (const AttributeView& field : fields) {
    writer->begin_array().text(field.key);
    if (!append_value(writer, field.value, depth + 1)) return false;
    writer->end_array();
  }
  writer->end_array().end_object();
  return true;
}

bool append_value(CanonicalWriter* writer, const ValueView& value, int depth) {
  if (depth > kValueDepthMax) return false;
  switch (value.type()) {
    case ValueType::Nil:
      writer->null();
      return true;
    case ValueType::Bool:
      writer->boolean(value.as_bool());
      return true;
    case ValueType::Int:
      append_integer(writer, value.as_int());
      return true;
    case ValueType::Double:
      append_tagged(writer, "double", double_text(value.as_double()));
      return true;
    case ValueType::String:
      writer->text(value.as_text());
      return true;
    case ValueType::Bytes:
      append_tagged(writer, "bytes", to_base64(value.as_text()));
      return true;
    case ValueType::List:
      return append_list(writer, value.as_list(), depth);
    case ValueType::Map:
      return append_map(writer, value.as_map(), depth);
  }
  return false;
}

bool read_int(std::string_view text, std::int64_t* out) {
  const auto result = std::from_chars(text.data(), text.data() + text.size(), *out);
  return result.ec == std::errc() && result.ptr == text.data() + text.size();
}

}  // namespace

std::string attribute_pair(const AttributeView& attribute) {
  CanonicalWriter writer;
  writer.begin_array().text(attribute.key);
  if (!append_value(&writer, attribute.value, 1)) return {};
  writer.end_array();
  return writer.take();
}

std::string_view AttributeArena::keep(std::string text) {
  return texts_.emplace_back(std::move(text));
}

AttributesView AttributeArena::keep(std::vector<AttributeView> attributes) {
  return maps_.emplace_back(std::move(attributes));
}

bool AttributeArena::read(const Json& pairs, AttributesView* out) {
  return read_pairs(pairs, 1, out);
}

bool AttributeArena::read_pairs(const Json& pairs, int depth, AttributesView* out) {
  if (!pairs.is_array()) return false;
  std::vector<AttributeView> attributes;
  for (const Json& pair : pairs) {
    if (!pair.is_array() || pair.size() != 2 || !pair[0].is_string()) return false;
    AttributeView attribute;
    attribute.key = keep(pair[0].get<std::string>());
    if (!read_value(pair[1], depth, &attribute.value)) return false;
    attributes.push_back(attribute);
  }
  *out = keep(std::move(attributes));
  return true;
}

bool AttributeArena::read_value(const Json& json, int depth, ValueView* out) {
  if (depth > kValueDepthMax) return false;
  switch (json.type()) {
    case Json::value_t::null:
      *out = ValueView();
      return true;
    case Json::value_t::boolean:
      *out = ValueView::boolean(json.get<bool>());
      return true;
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
      *out = ValueView::integer(json.get<std::int64_t>());
      return true;
    case Json::value_t::string:
      *out = ValueView::string(keep(json.get<std::string>()));
      return true;
    case Json::value_t::array:
      return read_list(json, depth, out);
    case Json::value_t::object:
      return read_tagged(json, depth, out);
    default:
      return false;
  }
}

bool AttributeArena::read_list(const Json& json, int depth, ValueView* out) {
  std::vector<ValueView> items;
  for (const Json& item : json) {
    if (!read_value(item, depth + 1, &items.emplace_back())) return false;
  }
  *out = ValueView::list(lists_.emplace_back(std::move(items)));
  return true;
}

bool AttributeArena::read_tagged(const Json& json, int depth, ValueView* out) {
  if (json.size() != 1) return false;
  const auto member = json.begin();
  if (member.key() == "map") {
    AttributesView fields;
    if (!read_pairs(*member, depth + 1, &fields)) return false;
    *out = ValueView::map(fields);
    return true;
  }
  if (!member->is_string()) return false;
  const auto& text = member->get_ref<const std::string&>();
  if (member.key() == "double") {
    double number = 0;
    if (!read_double(text, &number)) return false;
    *out = ValueView::real(number);
  } else if (member.key() == "int") {
    std::int64_t number = 0;
    if (!read_int(text, &number)) return false;
    *out = ValueView::integer(number);
  } else if (member.key() == "bytes") {
    auto raw = from_base64(text);
    if (!raw) return false;
    *out = ValueView::bytes(keep(*std::move(raw)));
  } else {
    return false;
  }
  return true;
}

}  // namespace betrace::evidence
