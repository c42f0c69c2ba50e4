#include "betrace/rules/value_reader.h"

#include <utility>
#include <vector>

#include "betrace/rules/aggregate_reader.h"
#include "betrace/rules/arithmetic.h"
#include "betrace/rules/condition_truth.h"
#include "betrace/rules/span_fields.h"

namespace betrace::rules {
namespace {

using ValueKind = Value::Kind;

// True if the value is calculated from operands[0].
bool is_operation(ValueKind kind) noexcept {
  switch (kind) {
    case ValueKind::Add:
    case ValueKind::Subtract:
    case ValueKind::Multiply:
    case ValueKind::Divide:
    case ValueKind::Negate:
    case ValueKind::Length:
    case ValueKind::Lower:
    case ValueKind::Upper:
    case ValueKind::IndexKey:
    case ValueKind::IndexItem:
      return true;
    default:
      return false;
  }
}

RuntimeValue field_of_map(const RuntimeValue& map, const std::string& key) {
  if (map.type() != RuntimeValue::Type::Map) return {};
  return RuntimeValue::of(model::find_attribute(map.as_map(), key));
}

RuntimeValue item_of_list(const RuntimeValue& list, std::uint64_t index) {
  if (list.type() != RuntimeValue::Type::List || index >= list.item_count()) return {};
  return list.item(index);
}

RuntimeValue apply_unary(const Value& operation, const RuntimeValue& operand) {
  switch (operation.kind) {
    case ValueKind::Negate:
      return negate(operand);
    case ValueKind::Length:
      return length(operand);
    case ValueKind::Lower:
      return lower(operand);
    case ValueKind::Upper:
      return upper(operand);
    case ValueKind::IndexKey:
      return field_of_map(operand, operation.key);
    default:
      return item_of_list(operand, operation.index);
  }
}

RuntimeValue apply_operation(const Value& operation, const RuntimeValue& left,
                             const Bindings& bindings, RuleRun* run) {
  if (operation.operands.size() < 2) return apply_unary(operation, left);
  const RuntimeValue right = read_value(*operation.operands[1], bindings, run);
  switch (operation.kind) {
    case ValueKind::Add:
      return add(left, right);
    case ValueKind::Subtract:
      return subtract(left, right);
    case ValueKind::Multiply:
      return multiply(left, right);
    default:
      return divide(left, right);
  }
}

RuntimeValue attribute_of(model::AttributesView attributes, const std::string& key) {
  return RuntimeValue::of(model::find_attribute(attributes, key));
}

RuntimeValue span_or_resource(const model::SpanView& span, const std::string& key) {
  RuntimeValue value = attribute_of(span.attributes, key);
  return value.is_nil() ? attribute_of(span.resource, key) : value;
}

RuntimeValue read_of_span(const Value& value, const Bindings& bindings, RuleRun* run) {
  const BoundSpan span = resolve(value.span, bindings, *run);
  if (span.is_absent()) return {};
  switch (value.kind) {
    case ValueKind::SpanField:
      return read_field(value.span_field, span, run->trace());
    case ValueKind::SpanAttribute:
      return attribute_of(span.view->attributes, value.key);
    case ValueKind::SpanAttributes:
      return RuntimeValue::map(span.view->attributes);
    case ValueKind::ResourceAttribute:
      return attribute_of(span.view->resource, value.key);
    case ValueKind::ResourceAttributes:
      return RuntimeValue::map(span.view->resource);
    default:
      return span_or_resource(*span.view, value.key);
  }
}

RuntimeValue count_events(const Value& value, const Bindings& bindings, RuleRun* run) {
  const BoundSpan span = resolve(value.span, bindings, *run);
  if (span.is_absent()) return {};
  if (!value.condition) return RuntimeValue::unsigned_integer(span.view->events.size());
  std::uint64_t count = 0;
  Bindings inside = bindings;
  for (const model::EventView& event : span.view->events) {
    if (!run->budget().look()) return {};
    inside.event = &event;
    if (holds(*value.condition, inside, run)) ++count;
  }
  return RuntimeValue::unsigned_integer(count);
}

RuntimeValue count_links(const Value& value, const Bindings& bindings, RuleRun* run) {
  const BoundSpan span = resolve(value.span, bindings, *run);
  if (span.is_absent()) return {};
  if (!value.condition) return RuntimeValue::unsigned_integer(span.view->links.size());
  std::uint64_t count = 0;
  Bindings inside = bindings;
  for (const model::LinkView& link : span.view->links) {
    if (!run->budget().look()) return {};
    inside.link = &link;
    if (holds(*value.condition, inside, run)) ++count;
  }
  return RuntimeValue::unsigned_integer(count);
}

RuntimeValue read_of_event(const Value& value, const model::EventView* event) {
  if (event == nullptr) return {};
  if (value.kind == ValueKind::EventField) return read_field(value.event_field, *event);
  return attribute_of(event->attributes, value.key);
}

RuntimeValue read_of_link(const Value& value, const model::LinkView* link) {
  if (link == nullptr) return {};
  if (value.kind == ValueKind::LinkField) return read_field(value.link_field, *link);
  return attribute_of(link->attributes, value.key);
}

RuntimeValue read_source(const Value& value, const Bindings& bindings, RuleRun* run) {
  switch (value.kind) {
    case ValueKind::Literal:
      return RuntimeValue::of(value.literal);
    case ValueKind::TraceField:
      return run->fields().read(value.trace_field);
    case ValueKind::EventField:
    case ValueKind::EventAttribute:
      return read_of_event(value, bindings.event);
    case ValueKind::LinkField:
    case ValueKind::LinkAttribute:
      return read_of_link(value, bindings.link);
    case ValueKind::EventsCount:
      return count_events(value, bindings, run);
    case ValueKind::LinksCount:
      return count_links(value, bindings, run);
    case ValueKind::Aggregate:
      return read_aggregate(value, bindings, run);
    default:
      return read_of_span(value, bindings, run);
  }
}

}  // namespace

RuntimeValue read_value(const Value& value, const Bindings& bindings, RuleRun* run) {
  if (!is_operation(value.kind)) return read_source(value, bindings, run);
  std::vector<const Value*> operations;
  const Value* source = &value;
  for (; is_operation(source->kind); source = source->operands[0].get()) {
    operations.push_back(source);
  }
  RuntimeValue result = read_source(*source, bindings, run);
  for (auto operation = operations.rbegin(); operation != operations.rend(); ++operation) {
    result = apply_operation(**operation, result, bindings, run);
  }
  return result;
}

}  // namespace betrace::rules
