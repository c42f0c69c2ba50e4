#include "betrace/engine/rule_interest.h"

#include "betrace/rules/tree_walk.h"

namespace betrace::engine {
namespace {

using rules::Condition;
using rules::Value;

void add_value(const Value& value, model::SpanInterest* interest) {
  switch (value.kind) {
    case Value::Kind::SpanAttribute:
    case Value::Kind::ResourceAttribute:
    case Value::Kind::SpanOrResource:
    case Value::Kind::EventAttribute:
    case Value::Kind::LinkAttribute:
      interest->add_key(value.key);
      break;
    case Value::Kind::SpanAttributes:
    case Value::Kind::ResourceAttributes:
      interest->add_everything();
      break;
    case Value::Kind::EventsCount:
      interest->add_events();
      break;
    case Value::Kind::LinksCount:
      interest->add_links();
      break;
    default:
      break;
  }
}

}  // namespace

void add_interest_of(const rules::CheckedRule& rule, model::SpanInterest* interest) {
  rules::TreeVisitor visitor;
  visitor.on_condition = [interest](const Condition& part, int) {
    if (part.kind == Condition::Kind::EventsAny) interest->add_events();
    if (part.kind == Condition::Kind::LinksAny) interest->add_links();
  };
  visitor.on_value = [interest](const Value& part, int) { add_value(part, interest); };
  rules::walk(*rule.condition, visitor);
}

}  // namespace betrace::engine
