#include <fmt/format.h>

#include "betrace/rules/checker_parts.h"
#include "betrace/rules/names.h"

namespace betrace::rules {
namespace {

CallResult of(ConditionPointer condition) { return {nullptr, std::move(condition)}; }
CallResult of(ValuePointer value) { return {std::move(value), nullptr}; }

std::size_t argument_count(const Syntax& call) noexcept { return call.children.size() - 1; }

// S.events or S.links, by its look.
bool is_event_list(const Syntax& syntax) noexcept {
  if (!is_reserved_path(syntax) || syntax.names.size() < 2) return false;
  const std::string_view last = syntax.names.back();
  const std::string_view before = syntax.names[syntax.names.size() - 2];
  const bool of_span =
      before == "span" || before == "anchor" || before == "parent" || before == "root";
  return of_span && (last == "events" || last == "links");
}

}  // namespace

CallResult Checker::call(const Syntax& call, const Surroundings& around) {
  const std::string_view name = call.names[0];
  if (call.children[0] == nullptr) {
    if (const AggregateRow* row = find_aggregate(name)) return of(aggregate(call, *row, around));
    refuse(Code::E_UNKNOWN_FN, call.name_range, fmt::format("unknown function '{}'", excerpt(name)),
           suggest_function(name));
    return {};
  }
  const Syntax& target = *call.children[0];
  if (name == "where") return where(call, around);
  if (is_word(target, "trace")) return trace_function(call, around);
  if (const ValueMethodRow* row = find_value_method(name)) return value_method(call, *row, around);
  if (is_event_list(target)) return event_method(call, around);
  const bool of_span = name == "has" || find_structure_method(name) != nullptr;
  if (of_span && is_reserved_path(target)) return span_method(call, around);
  refuse_unknown_method(call);
  return {};
}

std::nullptr_t Checker::refuse_unknown_method(const Syntax& call) {
  const std::string_view name = call.names[0];
  return refuse(Code::E_UNKNOWN_FN, call.name_range,
                fmt::format("unknown method '{}'", excerpt(name)), suggest_method(name));
}

bool Checker::takes(const Syntax& call, std::size_t minimum, std::size_t maximum,
                    std::string message, std::string_view example) {
  if (argument_count(call) >= minimum && argument_count(call) <= maximum) return true;
  refuse(Code::E_ARITY, call.range, std::move(message), fmt::format("write {}", example));
  return false;
}

CallResult Checker::trace_function(const Syntax& call, const Surroundings& around) {
  const std::string_view name = call.names[0];
  if (const AggregateRow* row = find_aggregate(name)) return of(aggregate(call, *row, around));
  const TraceFunctionRow* row = find_trace_function(name);
  if (row == nullptr) {
    refuse(Code::E_UNKNOWN_FN, call.name_range,
           fmt::format("unknown trace function '{}'", excerpt(name)), suggest_trace_function(name));
    return {};
  }
  if (!takes(call, 1, 1, fmt::format("trace.{} takes exactly one condition", name),
             fmt::format("trace.{}(a and b)", name))) {
    return {};
  }
  ConditionPointer inside = condition(*call.children[1], candidate_of(around, Place::Candidate));
  if (row->function == TraceFunction::All) inside = make_not(std::move(inside));
  ConditionPointer exists = make_exists(std::move(inside), call.range);
  if (row->function != TraceFunction::Has) exists = make_not(std::move(exists));
  return of(std::move(exists));
}

// S.has(...), S.has_child(...) and the like.
CallResult Checker::span_method(const Syntax& call, const Surroundings& around) {
  Reference reference = resolve(*call.children[0], around);
  if (reference.kind == Reference::Kind::Refused) return {};
  if (reference.kind != Reference::Kind::Span) {
    refuse_unknown_method(call);
    return {};
  }
  if (call.names[0] == "has") return of(has_attribute(call, std::move(reference.span)));
  const StructureRow& row = *find_structure_method(call.names[0]);
  return of(structure(call, std::move(reference.span), row, around));
}

ConditionPointer Checker::structure(const Syntax& call, SpanRef span, const StructureRow& row,
                                    const Surroundings& around) {
  const std::string message = fmt::format("{} takes one condition{}", row.name,
                                          row.takes_within ? " and an optional duration" : "");
  const std::string example =
      fmt::format("span.{}(name{})", row.name, row.takes_within ? ", 5s" : "");
  if (!takes(call, 1, row.takes_within ? 2 : 1, message, example)) return nullptr;
  Surroundings inside = candidate_of(around, Place::Candidate);
  inside.anchor = true;  // the span that the method is called on
  ConditionPointer child = condition(*call.children[1], inside);
  if (child == nullptr) return nullptr;
  ConditionPointer result = make_condition(Condition::Kind::Structure, call.range);
  result->span = std::move(span);
  result->method = row.method;
  result->children.push_back(std::move(child));
  if (argument_count(call) == 2 && !read_within(call, result.get())) return nullptr;
  return result;
}

bool Checker::read_within(const Syntax& call, Condition* condition) {
  const Syntax& within = *call.children[2];
  const bool duration = within.kind == Syntax::Kind::Literal &&
                        within.literal.type == Literal::Type::Duration &&
                        within.literal.integer >= 0;
  if (!duration) {
    refuse(Code::E_TYPE, within.range,
           fmt::format("the second argument of {} must be a duration", call.names[0]),
           fmt::format("e.g. {}(name, 5s)", call.names[0]));
    return false;
  }
  condition->within_ns = within.literal.integer;
  return true;
}

// S.has("key") and S.has(attribute.a.b) are S.attributes["..."] != nil.
ConditionPointer Checker::has_attribute(const Syntax& call, SpanRef span) {
  const Syntax* key = argument_count(call) == 1 ? call.children[1].get() : nullptr;
  const bool path =
      key != nullptr && is_path(*key) && key->names.size() > 1 && key->names[0] == "attribute";
  if (key == nullptr || (!path && !is_text(*key))) {
    return refuse(Code::E_ARITY, call.range, "has takes exactly one attribute key",
                  "write span.has(\"key\") or span.has(attribute.key)");
  }
  ValuePointer attribute =
      make_keyed(Value::Kind::SpanAttribute, path ? dotted(*key, 1) : key->literal.text, call.range,
                 std::move(span));
  return make_compare(std::move(attribute), CompareOp::NotEqual, make_nil(call.range), call.range);
}

// S.events.any(c), S.links.count(c), ...
CallResult Checker::event_method(const Syntax& call, const Surroundings& around) {
  const std::string_view list = call.children[0]->names.back();
  const bool events = list == "events";
  const bool any = call.names[0] == "any";
  if (!any && call.names[0] != "count") {
    refuse(Code::E_UNKNOWN_FN, call.name_range,
           fmt::format("unknown method '{}'", excerpt(call.names[0])),
           fmt::format("{} have any(...) and count(...)", list));
    return {};
  }
  if (!takes(
          call, any ? 1 : 0, 1,
          fmt::format("{}.{} takes {} condition", list, call.names[0], any ? "one" : "at most one"),
          events ? "span.events.any(event.name == \"...\")"
                 : "span.links.any(link.trace_id != span.trace_id)")) {
    return {};
  }
  Reference reference = resolve(*call.children[0], around);
  if (reference.kind == Reference::Kind::Refused) return {};
  if (reference.kind == Reference::Kind::Value) {  // resource.root.events is an attribute
    refuse_unknown_method(call);
    return {};
  }
  Surroundings inside = around;
  inside.place = events ? Place::Event : Place::Link;
  (events ? inside.event : inside.link) = true;
  ConditionPointer child;
  if (argument_count(call) == 1) {
    child = condition(*call.children[1], inside);
    if (child == nullptr) return {};
  }
  if (any) {
    ConditionPointer result =
        make_condition(events ? Condition::Kind::EventsAny : Condition::Kind::LinksAny, call.range);
    result->span = std::move(reference.span);
    result->children.push_back(std::move(child));
    return of(std::move(result));
  }
  ValuePointer result =
      make_value(events ? Value::Kind::EventsCount : Value::Kind::LinksCount, call.range);
  result->span = std::move(reference.span);
  result->condition = std::move(child);
  return of(std::move(result));
}

CallResult Checker::value_method(const Syntax& call, const ValueMethodRow& row,
                                 const Surroundings& around) {
  const Syntax& target = *call.children[0];
  if (row.method == ValueMethod::Test) {
    if (!takes(call, 1, 1, fmt::format("{}() takes one argument", row.name),
               fmt::format("span.name.{}(\"...\")", row.name))) {
      return {};
    }
    return of(test({row.test, false, target, *call.children[1], call.range}, around));
  }
  if (!takes(call, 0, 0, fmt::format("{}() takes no argument", row.name),
             fmt::format("span.name.{}()", row.name))) {
    return {};
  }
  ValuePointer operand = value(target, around);
  if (operand == nullptr) return {};
  const Value::Kind kind = row.method == ValueMethod::Length  ? Value::Kind::Length
                           : row.method == ValueMethod::Lower ? Value::Kind::Lower
                                                              : Value::Kind::Upper;
  ValuePointer result = make_value(kind, call.range);
  result->operands.push_back(std::move(operand));
  return of(std::move(result));
}

}  // namespace betrace::rules
