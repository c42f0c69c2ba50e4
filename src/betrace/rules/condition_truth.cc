#include "betrace/rules/condition_truth.h"

#include "betrace/rules/aggregate_reader.h"
#include "betrace/rules/candidates.h"
#include "betrace/rules/comparison.h"
#include "betrace/rules/value_reader.h"

namespace betrace::rules {
namespace {

using ConditionKind = Condition::Kind;

// Decides a clause, or remembers how it was decided for the same outer span.
template <typename Decide>
bool remembered(ClauseMemo* memo, const BoundSpan& outer, RuleRun* run, Decide decide) {
  const auto key = RuleRun::key_of(*memo, outer);
  if (!key) return decide();
  const Truth known = memo->truths.get(*key);
  if (known != Truth::Unknown) return known == Truth::True;
  const bool truth = decide();
  if (!run->budget().is_spent()) memo->truths.set(*key, truth);
  return truth;
}

bool exists(const Condition& condition, const Bindings& bindings, RuleRun* run) {
  ClauseMemo& memo = run->memo_of_exists(condition);
  return remembered(&memo, bindings.span, run, [&] {
    bool found = false;
    visit_fitting(&memo, bindings, run, [&](const Bindings&) {
      found = true;
      return false;
    });
    return found;
  });
}

bool is_so_related(const Condition& condition, const Bindings& bindings, RuleRun* run) {
  const BoundSpan s = resolve(condition.span, bindings, *run);
  if (s.is_absent() || run->trace() == nullptr) return false;
  return remembered(&run->memo_of_structure(condition), s, run, [&] {
    bool found = false;
    visit_fitting_related(condition, s, bindings, run, [&](const Bindings&) {
      found = true;
      return false;
    });
    return found;
  });
}

bool any_event(const Condition& condition, const Bindings& bindings, RuleRun* run) {
  const BoundSpan span = resolve(condition.span, bindings, *run);
  if (span.is_absent()) return false;
  Bindings inside = bindings;
  for (const model::EventView& event : span.view->events) {
    if (!run->budget().look()) return false;
    inside.event = &event;
    if (holds(*condition.children[0], inside, run)) return true;
  }
  return false;
}

bool any_link(const Condition& condition, const Bindings& bindings, RuleRun* run) {
  const BoundSpan span = resolve(condition.span, bindings, *run);
  if (span.is_absent()) return false;
  Bindings inside = bindings;
  for (const model::LinkView& link : span.view->links) {
    if (!run->budget().look()) return false;
    inside.link = &link;
    if (holds(*condition.children[0], inside, run)) return true;
  }
  return false;
}

bool all_hold(const Condition& condition, const Bindings& bindings, RuleRun* run) {
  for (const auto& child : condition.children) {
    if (!holds(*child, bindings, run)) return false;
  }
  return true;
}

bool any_holds(const Condition& condition, const Bindings& bindings, RuleRun* run) {
  for (const auto& child : condition.children) {
    if (holds(*child, bindings, run)) return true;
  }
  return false;
}

bool test_holds(const Condition& condition, const Bindings& bindings, RuleRun* run) {
  if (is_grouped(condition)) {
    return remembered(&run->memo_of_comparison(condition), bindings.span, run,
                      [&] { return !satisfying_groups(condition, bindings, run).empty(); });
  }
  const RuntimeValue left = read_value(*condition.left, bindings, run);
  if (!condition.right) return apply_test(condition, left, {});
  return apply_test(condition, left, read_value(*condition.right, bindings, run));
}

}  // namespace

bool is_grouped(const Condition& condition) noexcept {
  return condition.left && condition.left->kind == Value::Kind::Aggregate &&
         !condition.left->group_by.empty();
}

bool apply_test(const Condition& condition, const RuntimeValue& left, const RuntimeValue& right) {
  switch (condition.kind) {
    case ConditionKind::Compare:
      return compare(condition.op, left, right);
    case ConditionKind::In:
      return is_in(left, right);
    case ConditionKind::Contains:
      return contains(left, right);
    case ConditionKind::StartsWith:
      return starts_with(left, right);
    case ConditionKind::EndsWith:
      return ends_with(left, right);
    case ConditionKind::Matches:
      return left.type() == RuntimeValue::Type::String && condition.regex->search(left.as_text());
    default:
      return left.is_truthy();
  }
}

bool holds(const Condition& condition, const Bindings& bindings, RuleRun* run) {
  if (run->budget().is_spent()) return false;
  switch (condition.kind) {
    case ConditionKind::True:
      return true;
    case ConditionKind::False:
      return false;
    case ConditionKind::And:
      return all_hold(condition, bindings, run);
    case ConditionKind::Or:
      return any_holds(condition, bindings, run);
    case ConditionKind::Not:
      return !holds(*condition.children[0], bindings, run);
    case ConditionKind::Exists:
      return exists(condition, bindings, run);
    case ConditionKind::Structure:
      return is_so_related(condition, bindings, run);
    case ConditionKind::EventsAny:
      return any_event(condition, bindings, run);
    case ConditionKind::LinksAny:
      return any_link(condition, bindings, run);
    default:
      return test_holds(condition, bindings, run);
  }
}

}  // namespace betrace::rules
