#include "betrace/traces/span_equality.h"

#include <algorithm>
#include <bit>
#include <cstdint>

namespace betrace::traces {
namespace {

using model::AttributesView;
using model::AttributeView;
using model::EventView;
using model::LinkView;
using model::SpanView;
using model::ValueType;
using model::ValueView;

template <typename T, typename Same>
bool all_same(std::span<const T> left, std::span<const T> right, Same same) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(), same);
}

bool same_attributes(AttributesView left, AttributesView right);

bool same_value(const ValueView& left, const ValueView& right) {
  if (left.type() != right.type()) return false;
  switch (left.type()) {
    case ValueType::Nil:
      return true;
    case ValueType::Bool:
      return left.as_bool() == right.as_bool();
    case ValueType::Int:
      return left.as_int() == right.as_int();
    case ValueType::Double:
      return std::bit_cast<std::uint64_t>(left.as_double()) ==
             std::bit_cast<std::uint64_t>(right.as_double());
    case ValueType::String:
    case ValueType::Bytes:
      return left.as_text() == right.as_text();
    case ValueType::List:
      return all_same(left.as_list(), right.as_list(), same_value);
    case ValueType::Map:
      return same_attributes(left.as_map(), right.as_map());
  }
  return false;
}

bool same_attributes(AttributesView left, AttributesView right) {
  return all_same(left, right, [](const AttributeView& a, const AttributeView& b) {
    return a.key == b.key && same_value(a.value, b.value);
  });
}

bool same_event(const EventView& left, const EventView& right) {
  return left.time_unix_nano == right.time_unix_nano && left.name == right.name &&
         same_attributes(left.attributes, right.attributes);
}

bool same_link(const LinkView& left, const LinkView& right) {
  return left.trace_id == right.trace_id && left.span_id == right.span_id &&
         same_attributes(left.attributes, right.attributes);
}

}  // namespace

bool is_same_span(const SpanView& left, const SpanView& right) {
  return left.trace_id == right.trace_id && left.span_id == right.span_id &&
         left.parent_span_id == right.parent_span_id && left.name == right.name &&
         left.kind == right.kind && left.status_code == right.status_code &&
         left.status_message == right.status_message &&
         left.start_time_unix_nano == right.start_time_unix_nano &&
         left.end_time_unix_nano == right.end_time_unix_nano &&
         left.scope_name == right.scope_name && left.scope_version == right.scope_version &&
         left.cut == right.cut && same_attributes(left.attributes, right.attributes) &&
         same_attributes(left.resource, right.resource) &&
         all_same(left.events, right.events, same_event) &&
         all_same(left.links, right.links, same_link);
}

}  // namespace betrace::traces
