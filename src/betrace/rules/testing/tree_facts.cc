#include "betrace/rules/testing/tree_facts.h"

#include <algorithm>

#include "betrace/rules/variables.h"

namespace betrace::rules {
namespace {

using Kind = Condition::Kind;

bool reads_span(const Value* value) {
  if (value == nullptr) return false;
  const Variables variables = direct_variables_of(*value);
  return variables.span || variables.anchor;
}

class PlainLoops {
 public:
  PlainLoops(std::size_t spans, std::size_t events)
      : spans_(static_cast<double>(spans)), events_(static_cast<double>(events)) {}

  [[nodiscard]] double tests_of(const Condition& condition) const {
    double inside = 0;
    for (const auto& child : condition.children) inside += tests_of(*child);
    switch (condition.kind) {
      case Kind::Exists:
      case Kind::Structure:
        return for_each_span(inside);
      case Kind::EventsAny:
      case Kind::LinksAny:
        return inside * events_;
      default:
        break;
    }
    if (condition.left) inside += tests_of(*condition.left);
    if (condition.right) inside += tests_of(*condition.right);
    return inside;
  }

 private:
  [[nodiscard]] double for_each_span(double inside) const { return spans_ * (2 + inside); }

  [[nodiscard]] double tests_of(const Value& value) const {
    double inside = value.condition ? tests_of(*value.condition) : 0;
    for (const auto& operand : value.operands) inside += tests_of(*operand);
    for (const auto& key : value.group_by) inside += tests_of(*key);
    switch (value.kind) {
      case Value::Kind::Aggregate:
        return for_each_span(inside);
      case Value::Kind::EventsCount:
      case Value::Kind::LinksCount:
        return inside * events_;
      default:
        return inside;
    }
  }

  double spans_;
  double events_;
};

}  // namespace

bool always_cites(const Condition& condition) {
  const auto cites = [](const auto& child) { return always_cites(*child); };
  switch (condition.kind) {
    case Kind::Exists:
    case Kind::Structure:
      return true;
    case Kind::And:
      return std::ranges::any_of(condition.children, cites);
    case Kind::Or:
      return std::ranges::all_of(condition.children, cites);
    case Kind::EventsAny:
    case Kind::LinksAny:
      return condition.span.base != SpanRef::Base::TraceRoot;
    default:
      return reads_span(condition.left.get()) || reads_span(condition.right.get());
  }
}

double tests_of_plain_loops(const Condition& condition, std::size_t spans, std::size_t events) {
  return PlainLoops(spans, events).tests_of(condition);
}

}  // namespace betrace::rules
