#include "betrace/rules/span_use.h"

namespace betrace::rules {

bool reads_span(const Value& value) noexcept {
  switch (value.kind) {
    case Value::Kind::SpanField:
    case Value::Kind::SpanAttribute:
    case Value::Kind::SpanAttributes:
    case Value::Kind::ResourceAttribute:
    case Value::Kind::ResourceAttributes:
    case Value::Kind::SpanOrResource:
    case Value::Kind::EventsCount:
    case Value::Kind::LinksCount:
      return true;
    default:
      return false;
  }
}

bool names_span(const Condition& condition) noexcept {
  return condition.kind == Condition::Kind::Structure ||
         condition.kind == Condition::Kind::EventsAny ||
         condition.kind == Condition::Kind::LinksAny;
}

}  // namespace betrace::rules
