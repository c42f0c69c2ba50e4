#include "betrace/otlp/span_groups.h"

#include <algorithm>
#include <bit>

namespace betrace::otlp {
namespace {

bool same_attributes(model::AttributesView left, model::AttributesView right);

// A NaN is the same as itself here: the question is whether two resources are one.
bool same_value(const model::ValueView& left, const model::ValueView& right) {
  if (left.type() != right.type()) return false;
  switch (left.type()) {
    case model::ValueType::Nil:
      return true;
    case model::ValueType::Bool:
      return left.as_bool() == right.as_bool();
    case model::ValueType::Int:
      return left.as_int() == right.as_int();
    case model::ValueType::Double:
      return std::bit_cast<std::uint64_t>(left.as_double()) ==
             std::bit_cast<std::uint64_t>(right.as_double());
    case model::ValueType::String:
    case model::ValueType::Bytes:
      return left.as_text() == right.as_text();
    case model::ValueType::List:
      return std::ranges::equal(left.as_list(), right.as_list(), same_value);
    case model::ValueType::Map:
      return same_attributes(left.as_map(), right.as_map());
  }
  return false;
}

bool same_attributes(model::AttributesView left, model::AttributesView right) {
  if (left.data() == right.data() && left.size() == right.size()) return true;
  return std::ranges::equal(left, right,
                            [](const model::AttributeView& a, const model::AttributeView& b) {
                              return a.key == b.key && same_value(a.value, b.value);
                            });
}

}  // namespace

bool same_resource(const model::SpanView& left, const model::SpanView& right) {
  return same_attributes(left.resource, right.resource);
}

bool same_scope(const model::SpanView& left, const model::SpanView& right) {
  return left.scope_name == right.scope_name && left.scope_version == right.scope_version;
}

}  // namespace betrace::otlp
