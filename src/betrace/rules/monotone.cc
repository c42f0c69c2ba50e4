#include "betrace/rules/monotone.h"

#include <algorithm>

#include "betrace/rules/field_table.h"

namespace betrace::rules {
namespace {

constexpr Direction kBoth{true, true};
constexpr Direction kNeither{false, false};

// A span that is bound for good: parents and roots may still arrive.
bool is_stable(const SpanRef& span) noexcept {
  return span.base != SpanRef::Base::TraceRoot && span.steps.empty();
}

bool is_fixed(const Condition& condition);

bool is_fixed(const Value& value) { return growth_of(value) == Growth::Fixed; }

bool reads_fixed_sides(const Condition& condition) {
  return (condition.left == nullptr || is_fixed(*condition.left)) &&
         (condition.right == nullptr || is_fixed(*condition.right));
}

bool is_fixed(const Condition& condition) {
  switch (condition.kind) {
    case Condition::Kind::Exists:
    case Condition::Kind::Structure:
      return false;
    case Condition::Kind::EventsAny:
    case Condition::Kind::LinksAny:
      if (!is_stable(condition.span)) return false;
      break;
    default:
      break;
  }
  return reads_fixed_sides(condition) &&
         std::all_of(condition.children.begin(), condition.children.end(),
                     [](const auto& child) { return is_fixed(*child); });
}

Growth growth_of_trace_field(TraceField field) noexcept {
  switch (field) {
    case TraceField::Id:
      return Growth::Fixed;
    case TraceField::StartTime:
      return Growth::Shrinking;
    case TraceField::Services:
      return Growth::Unstable;
    default:
      return Growth::Growing;
  }
}

bool all_fixed(const std::vector<std::unique_ptr<Value>>& values) {
  return std::all_of(values.begin(), values.end(),
                     [](const auto& value) { return is_fixed(*value); });
}

Growth growth_of_aggregate(const Value& value) {
  const bool grows = (value.condition == nullptr || direction_of(*value.condition).monotone) &&
                     all_fixed(value.operands) && all_fixed(value.group_by);
  if (!grows) return Growth::Unstable;
  switch (value.aggregate) {
    case AggregateKind::Count:
    case AggregateKind::CountDistinct:
      return Growth::Growing;
    case AggregateKind::Max:
      return Growth::GrowingOrNil;
    case AggregateKind::Min:
      return Growth::Shrinking;
    default:
      return Growth::Unstable;
  }
}

Growth fixed_if(bool fixed) noexcept { return fixed ? Growth::Fixed : Growth::Unstable; }

Direction direction_of_order(const Value& greater, const Value& smaller, bool grouped) {
  const Growth above = growth_of(greater);
  const Growth below = growth_of(smaller);
  if (below == Growth::Fixed) {
    return {above == Growth::Growing || above == Growth::GrowingOrNil, false};
  }
  if (above != Growth::Fixed) return kNeither;
  return {below == Growth::Shrinking, below == Growth::Growing && !grouped};
}

Direction direction_of_comparison(const Condition& condition) {
  if (reads_fixed_sides(condition)) return kBoth;
  if (condition.kind != Condition::Kind::Compare) return kNeither;
  const bool grouped = !condition.left->group_by.empty();
  switch (condition.op) {
    case CompareOp::Greater:
    case CompareOp::GreaterOrEqual:
      return direction_of_order(*condition.left, *condition.right, grouped);
    case CompareOp::Less:
    case CompareOp::LessOrEqual:
      return direction_of_order(*condition.right, *condition.left, grouped);
    default:
      return kNeither;
  }
}

Direction direction_of_all(const Condition& condition) {
  Direction all = kBoth;
  for (const auto& child : condition.children) {
    const Direction one = direction_of(*child);
    all.monotone = all.monotone && one.monotone;
    all.antitone = all.antitone && one.antitone;
  }
  return all;
}

}  // namespace

Direction direction_of(const Condition& condition) {
  switch (condition.kind) {
    case Condition::Kind::True:
    case Condition::Kind::False:
      return kBoth;
    case Condition::Kind::And:
    case Condition::Kind::Or:
      return direction_of_all(condition);
    case Condition::Kind::Not: {
      const Direction child = direction_of(*condition.children[0]);
      return {child.antitone, child.monotone};
    }
    case Condition::Kind::Exists:
      return {direction_of(*condition.children[0]).monotone, false};
    case Condition::Kind::Structure:
      return {is_stable(condition.span) && direction_of(*condition.children[0]).monotone, false};
    case Condition::Kind::EventsAny:
    case Condition::Kind::LinksAny:
      return is_fixed(condition) ? kBoth : kNeither;
    default:
      return direction_of_comparison(condition);
  }
}

Growth growth_of(const Value& value) {
  switch (value.kind) {
    case Value::Kind::Literal:
    case Value::Kind::EventField:
    case Value::Kind::EventAttribute:
    case Value::Kind::LinkField:
    case Value::Kind::LinkAttribute:
      return Growth::Fixed;
    case Value::Kind::SpanField:
      return fixed_if(is_stable(value.span) && !row_of(value.span_field).unstable);
    case Value::Kind::SpanAttribute:
    case Value::Kind::SpanAttributes:
    case Value::Kind::ResourceAttribute:
    case Value::Kind::ResourceAttributes:
    case Value::Kind::SpanOrResource:
      return fixed_if(is_stable(value.span));
    case Value::Kind::EventsCount:
    case Value::Kind::LinksCount:
      return fixed_if(is_stable(value.span) &&
                      (value.condition == nullptr || is_fixed(*value.condition)));
    case Value::Kind::TraceField:
      return growth_of_trace_field(value.trace_field);
    case Value::Kind::Aggregate:
      return growth_of_aggregate(value);
    default:
      return fixed_if(all_fixed(value.operands));
  }
}

}  // namespace betrace::rules
