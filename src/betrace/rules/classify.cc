#include "betrace/rules/classify.h"

#include "betrace/rules/field_table.h"
#include "betrace/rules/monotone.h"
#include "betrace/rules/span_use.h"
#include "betrace/rules/tree_walk.h"
#include "betrace/rules/value_type.h"

namespace betrace::rules {
namespace {

// What the parts of a rule look at.
struct Findings {
  bool other_spans = false;  // names, trace.…, aggregates, structure, parents
  bool structure = false;
  bool join = false;  // compares two spans, or a span with all of them
};

void look_at_span(const SpanRef& span, Findings* findings) {
  findings->join = findings->join || span.base == SpanRef::Base::Anchor;
  findings->other_spans =
      findings->other_spans || span.base == SpanRef::Base::TraceRoot || !span.steps.empty();
}

void look_at_value(const Value& value, Findings* findings) {
  if (reads_span(value)) look_at_span(value.span, findings);
  const bool unstable = value.kind == Value::Kind::SpanField && row_of(value.span_field).unstable;
  findings->other_spans = findings->other_spans || unstable ||
                          value.kind == Value::Kind::TraceField ||
                          value.kind == Value::Kind::Aggregate;
}

bool compares_span_with_trace(const Condition& condition) {
  if (condition.left == nullptr || condition.right == nullptr) return false;
  const auto reads = [](const Value& value) {
    return growth_of(value) == Growth::Fixed && !is_constant(value);
  };
  const auto varies = [](const Value& value) { return growth_of(value) != Growth::Fixed; };
  return (reads(*condition.left) && varies(*condition.right)) ||
         (varies(*condition.left) && reads(*condition.right));
}

void look_at_condition(const Condition& condition, Findings* findings) {
  const bool structure = condition.kind == Condition::Kind::Structure;
  if (names_span(condition)) look_at_span(condition.span, findings);
  findings->structure = findings->structure || structure;
  findings->other_spans =
      findings->other_spans || structure || condition.kind == Condition::Kind::Exists;
  findings->join = findings->join || compares_span_with_trace(condition);
}

Findings look_at(const Condition& condition) {
  Findings findings;
  TreeVisitor visitor;
  visitor.on_condition = [&findings](const Condition& part, int) {
    look_at_condition(part, &findings);
  };
  visitor.on_value = [&findings](const Value& part, int) { look_at_value(part, &findings); };
  walk(condition, visitor);
  return findings;
}

}  // namespace

Classification classify(const Condition& condition, bool rule_level_span) {
  const Findings findings = look_at(condition);
  Classification result;
  result.monotone = direction_of(condition).monotone;
  if (rule_level_span && !findings.other_spans) {
    result.scope = Scope::Span;
    result.firing = Firing::OnArrival;
    return result;
  }
  result.scope = rule_level_span ? Scope::Mixed : Scope::Trace;
  const bool early = result.monotone && !findings.structure && !findings.join;
  result.firing = early ? Firing::Early : Firing::AtClose;
  return result;
}

}  // namespace betrace::rules
