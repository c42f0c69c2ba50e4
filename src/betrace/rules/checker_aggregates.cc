#include <fmt/format.h>

#include "betrace/rules/checker_parts.h"
#include "betrace/rules/names.h"
#include "betrace/rules/value_type.h"

namespace betrace::rules {
namespace {

using SyntaxKind = Syntax::Kind;

bool is_aggregate_call(const Syntax& syntax) noexcept {
  return syntax.kind == SyntaxKind::Call && find_aggregate(syntax.names[0]) != nullptr &&
         (syntax.children[0] == nullptr || is_trace_call(syntax));
}

// count(x).where(c).where(d)
bool is_filtered_count(const Syntax& syntax) noexcept {
  const Syntax* base = &syntax;
  while (base->kind == SyntaxKind::Call && base->children[0] != nullptr &&
         base->names[0] == "where") {
    base = base->children[0].get();
  }
  return is_count_call(*base);
}

}  // namespace

ValuePointer Checker::aggregate(const Syntax& call, const AggregateRow& row,
                                const Surroundings& around) {
  const bool counts = row.kind == AggregateKind::Count;
  const bool percentile = row.kind == AggregateKind::Percentile;
  const std::size_t leading = counts ? 0 : percentile ? 2 : 1;  // arguments before the condition
  const std::string example = fmt::format("{}({}a and b)", row.name,
                                          counts       ? ""
                                          : percentile ? "span.duration, 95, "
                                                       : "span.duration, ");
  if (!takes(call, leading, leading + 1, fmt::format("{} takes {}", row.name, row.arguments),
             example)) {
    return nullptr;
  }
  ValuePointer result = make_value(Value::Kind::Aggregate, call.range);
  result->aggregate = row.kind;
  if (!counts) {
    ValuePointer collected = collected_value(call, *call.children[1], around);
    if (collected == nullptr) return nullptr;
    result->operands.push_back(std::move(collected));
  }
  if (percentile && !read_percent(*call.children[2], result.get())) return nullptr;
  if (call.children.size() > leading + 1) {
    result->condition =
        condition(*call.children[leading + 1], candidate_of(around, Place::Candidate));
    if (result->condition == nullptr) return nullptr;
  }
  return result;
}

ValuePointer Checker::collected_value(const Syntax& call, const Syntax& syntax,
                                      const Surroundings& around) {
  if (is_bare_name(syntax)) {
    const std::string shown = excerpt(dotted(syntax));
    return refuse(Code::E_NAME, syntax.range,
                  fmt::format("'{}' is a span name here; {} needs a value", shown, call.names[0]),
                  fmt::format("write span.duration or span.attributes[\"...\"]; choose spans with "
                              "the last argument, e.g. {}(span.duration, {})",
                              call.names[0], shown));
  }
  ValuePointer result = value(syntax, candidate_of(around, Place::AggregateValue));
  if (result != nullptr && is_constant(*result)) {
    return refuse(Code::E_TYPE, syntax.range,
                  fmt::format("{} needs a value that varies by span", call.names[0]),
                  "such as span.duration or span.attributes[\"...\"]");
  }
  return result;
}

bool Checker::read_percent(const Syntax& syntax, Value* aggregate) {
  const bool number =
      syntax.kind == SyntaxKind::Literal &&
      (syntax.literal.type == Literal::Type::Int || syntax.literal.type == Literal::Type::Double);
  if (number) {
    const bool whole = syntax.literal.type == Literal::Type::Int;
    aggregate->percent = whole ? static_cast<double>(syntax.literal.integer) : syntax.literal.real;
    if (aggregate->percent > 0 && aggregate->percent <= 100) return true;
  }
  refuse(Code::E_TYPE, syntax.range, "the percentile must be a number above 0 and at most 100",
         "e.g. percentile(span.duration, 95)");
  return false;
}

// AGG by (k, ...)
ValuePointer Checker::grouped(const Syntax& by, const Surroundings& around) {
  const Syntax& target = *by.children[0];
  if (!is_aggregate_call(target) && !is_filtered_count(target)) {
    if (target.kind == SyntaxKind::Call && target.children[0] == nullptr) {
      CallResult unknown = call(target, around);  // a misspelt function is the deeper mistake
    }
    return refuse_by(by);
  }
  if (by.children.size() == 1) {
    return refuse(Code::E_ARITY, by.range, "by needs at least one key", "by (user.id)");
  }
  ValuePointer result = value(target, around);
  if (result == nullptr) return nullptr;
  for (std::size_t i = 1; i < by.children.size(); ++i) {
    ValuePointer key = group_key(*by.children[i], candidate_of(around, Place::AggregateValue));
    if (key == nullptr) return nullptr;
    result->group_by.push_back(std::move(key));
  }
  result->range = by.range;
  return result;
}

ValuePointer Checker::group_key(const Syntax& syntax, const Surroundings& around) {
  if (is_bare_name(syntax)) {
    return make_keyed(Value::Kind::SpanOrResource, dotted(syntax), syntax.range);
  }
  if (syntax.kind == SyntaxKind::Literal) {
    return refuse(Code::E_BY, syntax.range, "a group key is an attribute name or a value of span",
                  "write the key without quotes, or span.attributes[\"...\"]");
  }
  if (has_bare_operand(syntax)) {
    return refuse(Code::E_UNQUOTED, syntax.range,
                  "names containing - / : # * and the like must be quoted",
                  "write span.attributes[\"...\"]");
  }
  return value(syntax, around);
}

std::nullptr_t Checker::refuse_by(const Syntax& by) {
  const bool twice = by.children[0]->kind == SyntaxKind::By;
  return refuse(Code::E_BY, by.name_range,
                twice ? "'by' comes last and only once"
                      : "'by' may only follow an aggregate on the left of a comparison",
                "e.g. count(x) by (user.id) > 3");
}

}  // namespace betrace::rules
