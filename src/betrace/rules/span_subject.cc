#include "betrace/rules/span_subject.h"

#include "betrace/rules/field_table.h"
#include "betrace/rules/span_fields.h"

namespace betrace::rules {

std::optional<SpanSubject> subject_of(const Value& value) {
  if (value.span.base != SpanRef::Base::Span || !value.span.steps.empty()) return std::nullopt;
  switch (value.kind) {
    case Value::Kind::SpanField:
      if (row_of(value.span_field).unstable) return std::nullopt;
      return SpanSubject{SpanSubject::Kind::Field, value.span_field, {}};
    case Value::Kind::SpanAttribute:
      return SpanSubject{SpanSubject::Kind::Attribute, SpanField::Name, value.key};
    case Value::Kind::ResourceAttribute:
      return SpanSubject{SpanSubject::Kind::Resource, SpanField::Name, value.key};
    default:
      return std::nullopt;
  }
}

RuntimeValue read_own_field(SpanField field, const model::SpanView& span) {
  return read_field(field, BoundSpan{&span, 0}, nullptr);
}

}  // namespace betrace::rules
