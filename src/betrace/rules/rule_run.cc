#include "betrace/rules/rule_run.h"

namespace betrace::rules {
namespace {

// Sorts the operands of `and` by what they read.
void split(const Condition& body, ClauseMemo* memo) {
  if (body.kind == Condition::Kind::And) {
    for (const auto& child : body.children) split(*child, memo);
    return;
  }
  const Variables variables = variables_of(body);
  const bool is_alone = !variables.anchor && !variables.event && !variables.link;
  (is_alone ? memo->alone : memo->together).push_back(&body);
}

}  // namespace

ClauseMemo& RuleRun::memo_of(const void* clause, const Variables& outside, const Condition* body) {
  ClauseMemo& memo = memos_[clause];
  memo.outside = outside;
  if (body != nullptr) {
    memo.body_reads_anchor = variables_of(*body).anchor;
    split(*body, &memo);
  }
  return memo;
}

ClauseMemo& RuleRun::memo_of_exists(const Condition& clause) {
  const auto known = memos_.find(&clause);
  if (known != memos_.end()) return known->second;
  return memo_of(&clause, variables_of(clause), clause.children[0].get());
}

ClauseMemo& RuleRun::memo_of_structure(const Condition& method) {
  const auto known = memos_.find(&method);
  if (known != memos_.end()) return known->second;
  Variables outside = variables_of(*method.children[0]);
  outside.span = true;
  outside.anchor = false;
  return memo_of(&method, outside, method.children[0].get());
}

ClauseMemo& RuleRun::memo_of_aggregate(const Value& aggregate_value) {
  const auto known = memos_.find(&aggregate_value);
  if (known != memos_.end()) return known->second;
  return memo_of(&aggregate_value, variables_of(aggregate_value), aggregate_value.condition.get());
}

ClauseMemo& RuleRun::memo_of_comparison(const Condition& comparison) {
  const auto known = memos_.find(&comparison);
  if (known != memos_.end()) return known->second;
  return memo_of(&comparison, variables_of(comparison), nullptr);
}

std::optional<std::uint32_t> RuleRun::key_of(const ClauseMemo& memo,
                                             const BoundSpan& outer) noexcept {
  if (memo.outside.event || memo.outside.link || memo.outside.anchor) return std::nullopt;
  if (!memo.outside.span || outer.is_absent()) return 0;
  return outer.index + 1;
}

BoundSpan resolve(const SpanRef& reference, const Bindings& bindings, const RuleRun& run) {
  const LinkedTrace* trace = run.trace();
  BoundSpan span = reference.base == SpanRef::Base::Span ? bindings.span : bindings.anchor;
  if (reference.base == SpanRef::Base::TraceRoot) {
    const auto root = trace == nullptr ? std::nullopt : trace->trace_root();
    span = root ? run.bound(*root) : BoundSpan();
  }
  for (const SpanRef::Step step : reference.steps) {
    if (span.is_absent() || trace == nullptr) return {};
    const auto next =
        step == SpanRef::Step::Parent ? trace->parent(span.index) : trace->root_of(span.index);
    span = next ? run.bound(*next) : BoundSpan();
  }
  return span;
}

}  // namespace betrace::rules
