#include "betrace/engine/explanation.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "betrace/base/utf8.h"

namespace betrace::engine {
namespace {

using rules::ClauseResult;
using rules::CompareOp;
using rules::Condition;
using rules::LinkedTrace;
using rules::Scope;

// A sentence quotes at most this much of a clause, and at most this many clauses; the list of
// clauses has them all.
constexpr std::size_t kQuotedBytesMax = 120;
constexpr std::size_t kQuotedClausesMax = 4;

bool is_count(const rules::Value& value) noexcept {
  return value.kind == rules::Value::Kind::Aggregate &&
         (value.aggregate == rules::AggregateKind::Count ||
          value.aggregate == rules::AggregateKind::CountDistinct);
}

// `count(c) < v` that is true, `count(c) > v` that is false, and both mirrored.
bool claims_small_count(const Condition& comparison, bool value) noexcept {
  const bool is_less = comparison.op == CompareOp::Less || comparison.op == CompareOp::LessOrEqual;
  const bool is_greater =
      comparison.op == CompareOp::Greater || comparison.op == CompareOp::GreaterOrEqual;
  if (is_count(*comparison.left)) return value ? is_less : is_greater;
  if (is_count(*comparison.right)) return value ? is_greater : is_less;
  return false;
}

std::string quoted(std::string_view clause) {
  const std::string_view shown = utf8_prefix(clause, kQuotedBytesMax);
  return fmt::format("`{}{}`", shown, shown.size() < clause.size() ? "..." : "");
}

std::string clause_list(const ActiveRule& rule, const std::vector<ClauseResult>& clauses) {
  std::string text;
  for (std::size_t i = 0; i < clauses.size() && i < kQuotedClausesMax; ++i) {
    if (i > 0) text += i + 1 == clauses.size() ? " and " : ", ";
    text += fmt::format("{} is {}", quoted(rule.checked.clauses[i].text), clauses[i].value);
  }
  if (clauses.size() > kQuotedClausesMax) {
    text += fmt::format(" and so on ({} clauses)", clauses.size());
  }
  return text;
}

bool is_absence(const ActiveRule& rule, const std::vector<ClauseResult>& clauses) {
  for (std::size_t i = 0; i < clauses.size(); ++i) {
    if (claims_absence(*rule.checked.clauses[i].condition, clauses[i].value)) return true;
  }
  return false;
}

std::string spans_text(std::size_t count) {
  return fmt::format("{} span{}", count, count == 1 ? "" : "s");
}

std::string searched(const ActiveRule& rule, const LinkedTrace& trace,
                     const std::vector<ClauseResult>& clauses) {
  const std::string spans = spans_text(trace.size());
  if (!is_absence(rule, clauses)) return fmt::format(" ({} of the trace examined)", spans);
  return fmt::format(
      "; what is missing was searched for in the whole trace, and none of its {} fits", spans);
}

std::string place(const ActiveRule& rule, const LinkedTrace& trace, const Judgement& judgement) {
  if (!judgement.anchor.has_value()) return " on the trace";
  const model::SpanView& span = trace.span(*judgement.anchor);
  const bool is_span_scope = rule.checked.scope == Scope::Span;
  return fmt::format(" {} span {}", is_span_scope ? "of" : "for", quoted(span.name));
}

model::Explanation explain_clauses(const ActiveRule& rule, const LinkedTrace& trace,
                                   const std::vector<ClauseResult>& clauses) {
  model::Explanation explanation;
  explanation.scope = rules::name_of(rule.checked.scope);
  explanation.spans_examined = trace.size();
  for (std::size_t i = 0; i < clauses.size(); ++i) {
    model::Clause clause{rule.checked.clauses[i].text, clauses[i].value, {}};
    for (const std::uint32_t span : clauses[i].spans) {
      clause.spans.push_back(trace.span(span).span_id);
    }
    explanation.clauses.push_back(std::move(clause));
  }
  return explanation;
}

}  // namespace

bool claims_absence(const Condition& condition, bool value) noexcept {
  switch (condition.kind) {
    case Condition::Kind::Exists:
    case Condition::Kind::Structure:
      return !value;
    case Condition::Kind::Compare:
      return claims_small_count(condition, value);
    case Condition::Kind::Not:
      return claims_absence(*condition.children[0], !value);
    case Condition::Kind::And:
    case Condition::Kind::Or:
      return std::any_of(condition.children.begin(), condition.children.end(),
                         [value](const auto& child) { return claims_absence(*child, value); });
    default:
      return false;
  }
}

model::Explanation explain_violation(const ActiveRule& rule, const LinkedTrace& trace,
                                     const Judgement& judgement) {
  model::Explanation explanation = explain_clauses(rule, trace, judgement.clauses);
  explanation.summary = clause_list(rule, judgement.clauses) + place(rule, trace, judgement);
  if (rule.checked.scope != Scope::Span) {
    explanation.summary += searched(rule, trace, judgement.clauses);
  }
  return explanation;
}

model::Explanation explain_withdrawal(const ActiveRule& rule, const LinkedTrace& trace,
                                      const std::vector<ClauseResult>& clauses) {
  model::Explanation explanation = explain_clauses(rule, trace, clauses);
  explanation.summary = fmt::format(
      "late spans came and the rule is no longer violated: {} on the trace ({} examined)",
      clause_list(rule, clauses), spans_text(trace.size()));
  return explanation;
}

}  // namespace betrace::engine
