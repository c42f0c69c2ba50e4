#include <fmt/format.h>

#include <algorithm>

#include "betrace/rules/checker_parts.h"
#include "betrace/rules/names.h"

namespace betrace::rules {

using SyntaxKind = Syntax::Kind;

// A bare or quoted name alone as a condition.
ConditionPointer Checker::name_condition(std::string name, SourceRange range,
                                         const Surroundings& around) {
  switch (around.place) {
    case Place::Candidate:
      return name_test(std::move(name), range);
    case Place::Where:
      return make_truthy(make_keyed(Value::Kind::SpanAttribute, std::move(name), range));
    case Place::Event:
      return event_name_test(std::move(name), range);
    case Place::Link:
      return refuse(Code::E_NAME, range, fmt::format("'{}' is not a condition here", excerpt(name)),
                    "a link has no name; compare an attribute, e.g. why == batch");
    default:
      return make_exists(name_test(std::move(name), range), range);
  }
}

// x.where(c).where(d): all the conditions about one candidate.
CallResult Checker::where(const Syntax& call, const Surroundings& around) {
  std::vector<const Syntax*> filters;
  const Syntax* base = &call;
  for (;
       base->kind == SyntaxKind::Call && base->children[0] != nullptr && base->names[0] == "where";
       base = base->children[0].get()) {
    if (!may_filter(*base, *base->children[0], around)) return {};
    filters.push_back(base->children[1].get());
  }
  std::reverse(filters.begin(), filters.end());
  CallResult result;
  if (is_count_call(*base)) {
    result.value = aggregate(*base, *find_aggregate("count"), around);
    if (result.value == nullptr) return {};
    ConditionPointer counted =
        filtered(std::move(result.value->condition), filters, candidate_of(around, Place::Where));
    result.value->condition = std::move(counted);
    result.value->range = call.range;
    if (result.value->condition == nullptr) return {};
  } else if (is_existence_call(*base)) {
    CallResult existence = trace_function(*base, around);
    if (existence.condition == nullptr) return {};
    ConditionPointer& candidate = existence.condition->children[0];
    candidate = filtered(std::move(candidate), filters, candidate_of(around, Place::Where));
    if (candidate == nullptr) return {};
    existence.condition->range = call.range;
    result.condition = std::move(existence.condition);
  } else {
    result.condition = selector(*base, filters, call.range, around);
  }
  return result;
}

// True if `base` is something that .where may follow here.
bool Checker::may_filter(const Syntax& call, const Syntax& base, const Surroundings& around) {
  const SourceRange word = call.name_range;
  const bool inside =
      around.place == Place::Where || around.place == Place::Event || around.place == Place::Link;
  if (inside) {
    refuse(Code::E_WHERE, word, ".where cannot stand inside .where(...) or an event condition",
           "join the conditions with and");
  } else if (call.children.size() == 1) {
    refuse(Code::E_WHERE, word, ".where needs a condition", ".where(amount > 1000)");
  } else if (call.children.size() > 2) {
    refuse(Code::E_ARITY, word, ".where takes exactly one condition", "join conditions with and");
  } else if (is_reserved_path(base)) {
    refuse(Code::E_RESERVED, base.range, fmt::format("'{}' is reserved", base.names[0]),
           fmt::format("if a span is really called '{}', quote it", excerpt(dotted(base))));
  } else if (base.kind == SyntaxKind::By) {
    refuse_by(base);
  } else if (base.kind == SyntaxKind::Call) {
    const bool known = base.names[0] == "where" || is_count_call(base) || is_existence_call(base);
    if (known) return true;
    // A misspelt function is the deeper mistake.
    const bool function = find_aggregate(base.names[0]) != nullptr ||
                          find_trace_function(base.names[0]) != nullptr ||
                          find_structure_method(base.names[0]) != nullptr ||
                          find_value_method(base.names[0]) != nullptr;
    if (!function) {
      static_cast<void>(this->call(base, around));
    }
    refuse(Code::E_WHERE, word, ".where may follow a name, trace.has(...) or count(...)",
           "elsewhere put the condition inside the parentheses");
  } else if (is_bare_name(base) || is_text(base)) {
    return true;
  } else {
    refuse(Code::E_SELECTOR, base.range, "expected a span selector before .where",
           "a name, \"quoted name\" or name.where(...); join conditions with and");
  }
  return false;
}

// name.where(c): at rule level about some span, in a span condition about the candidate.
ConditionPointer Checker::selector(const Syntax& name, const std::vector<const Syntax*>& filters,
                                   SourceRange range, const Surroundings& around) {
  ConditionPointer test = name_test(is_text(name) ? name.literal.text : dotted(name), name.range);
  if (around.place != Place::Rule) {
    Surroundings candidate = around;
    candidate.place = Place::Where;
    return filtered(std::move(test), filters, candidate);
  }
  return make_exists(filtered(std::move(test), filters, candidate_of(around, Place::Where)), range);
}

// `first and` all filters; `first` may be nothing.
ConditionPointer Checker::filtered(ConditionPointer first,
                                   const std::vector<const Syntax*>& filters,
                                   const Surroundings& candidate) {
  ConditionPointer all = make_condition(Condition::Kind::And, filters.front()->range);
  if (first != nullptr) all->children.push_back(std::move(first));
  for (const Syntax* filter : filters) {
    ConditionPointer part = condition(*filter, candidate);
    if (part == nullptr) return nullptr;
    all->children.push_back(std::move(part));
  }
  if (all->children.size() == 1) return std::move(all->children[0]);
  return all;
}

std::nullptr_t Checker::refuse_name(const Syntax& name) {
  const std::string shown = excerpt(dotted(name));
  return refuse(
      Code::E_NAME, name.range, fmt::format("'{}' is a span name here, not a value", shown),
      fmt::format("write count({0}), {0}.<attribute>, span.attributes[\"{0}\"] or \"{0}\"", shown));
}

std::nullptr_t Checker::refuse_dotted_text(const Syntax& name) {
  const std::string shown = excerpt(dotted(name));
  return refuse(Code::E_NAME, name.range, fmt::format("'{}' is ambiguous on the right", shown),
                fmt::format("quote it if it is text, write span.attributes[\"{}\"] for an "
                            "attribute, or use anchor to compare two spans",
                            shown));
}

}  // namespace betrace::rules
