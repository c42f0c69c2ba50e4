#include <fmt/format.h>

#include "betrace/rules/checker_parts.h"
#include "betrace/rules/names.h"
#include "betrace/rules/value_type.h"

namespace betrace::rules {

using SyntaxKind = Syntax::Kind;

Surroundings Checker::candidate_of(const Surroundings& around, Place place) const noexcept {
  Surroundings inside = around;
  inside.place = place;
  inside.at_rule_level = false;
  inside.anchor = !around.at_rule_level || rule_has_span_;
  return inside;
}

ConditionPointer Checker::condition(const Syntax& syntax, const Surroundings& around) {
  switch (syntax.kind) {
    case SyntaxKind::Or:
      return logic(Condition::Kind::Or, syntax, around);
    case SyntaxKind::And:
      return logic(Condition::Kind::And, syntax, around);
    case SyntaxKind::Not:
      return logic(Condition::Kind::Not, syntax, around);
    case SyntaxKind::Compare:
      return test({syntax.comparison, syntax.negated, *syntax.children[0], *syntax.children[1],
                   syntax.range},
                  around);
    case SyntaxKind::Literal:
      return literal_condition(syntax, around);
    case SyntaxKind::Path:
      return path_condition(syntax, around);
    case SyntaxKind::Call:
      return call_condition(syntax, around);
    case SyntaxKind::Index:
    case SyntaxKind::Member:
      return truth_of(value(syntax, around), syntax);
    case SyntaxKind::By:
      return refuse_by(syntax);
    case SyntaxKind::List:
      return refuse(Code::E_NOT_BOOL, syntax.range, "expected a condition, found a list",
                    "write value in [...]");
    default:
      return arithmetic_condition(syntax);
  }
}

ConditionPointer Checker::logic(Condition::Kind kind, const Syntax& syntax,
                                const Surroundings& around) {
  ConditionPointer result = make_condition(kind, syntax.range);
  for (const auto& child : syntax.children) {
    ConditionPointer part = condition(*child, around);
    if (part == nullptr) return nullptr;
    result->children.push_back(std::move(part));
  }
  return result;
}

ConditionPointer Checker::literal_condition(const Syntax& syntax, const Surroundings& around) {
  switch (syntax.literal.type) {
    case Literal::Type::Bool:
      return make_condition(syntax.literal.boolean ? Condition::Kind::True : Condition::Kind::False,
                            syntax.range);
    case Literal::Type::String:
      return name_condition(syntax.literal.text, syntax.range, around);
    default:
      return refuse(Code::E_NOT_BOOL, syntax.range, "expected a condition, found a literal value",
                    "it needs a comparison, e.g. x > 3");
  }
}

ConditionPointer Checker::path_condition(const Syntax& path, const Surroundings& around) {
  if (is_bare_name(path)) return name_condition(dotted(path), path.range, around);
  const std::string_view root = path.names[0];
  const bool unbound = (root == "event" && !around.event) || (root == "link" && !around.link);
  if (root == "resource" || unbound) {
    return refuse(
        Code::E_RESERVED, path.range,
        fmt::format("'{}' is reserved: '{}' is not a condition", root, excerpt(dotted(path))),
        "compare it with a value, or quote it if it is a span name");
  }
  Reference reference = resolve(path, around);
  switch (reference.kind) {
    case Reference::Kind::Refused:
      return nullptr;
    case Reference::Kind::Value:
      return truth_of(std::move(reference.value), path);
    case Reference::Kind::Span:
    case Reference::Kind::Trace:
    case Reference::Kind::Event:
    case Reference::Kind::Link:
      return refuse(Code::E_NOT_BOOL, path.range,
                    fmt::format("'{}' alone is not a condition", excerpt(dotted(path))),
                    "compare a field of it, or use true for every span");
    default:
      return refuse_reference(reference.kind, path);
  }
}

ConditionPointer Checker::call_condition(const Syntax& syntax, const Surroundings& around) {
  CallResult result = call(syntax, around);
  if (result.value == nullptr) return std::move(result.condition);
  if (result.value->kind == Value::Kind::Aggregate) {
    return refuse(Code::E_NOT_BOOL, syntax.range, "an aggregate needs a comparison",
                  "e.g. count(x) > 3");
  }
  return truth_of(std::move(result.value), syntax);
}

ConditionPointer Checker::arithmetic_condition(const Syntax& syntax) {
  if (has_bare_operand(syntax)) {
    return refuse(Code::E_UNQUOTED, syntax.range,
                  "expected a condition; names containing - / : # * and the like must be quoted",
                  "trace.has(\"payment-service\")");
  }
  return refuse(Code::E_NOT_BOOL, syntax.range, "expected a condition, found a value",
                "it needs a comparison, e.g. x > 3");
}

// Attributes, their elements, and the fields that are bool by nature may stand alone.
ConditionPointer Checker::truth_of(ValuePointer value, const Syntax& syntax) {
  if (value == nullptr) return nullptr;
  const Syntax& base = syntax.kind == SyntaxKind::Index ? *syntax.children[0] : syntax;
  if (is_reserved_path(base) && base.names[0] == "resource") {
    return refuse(Code::E_RESERVED, syntax.range, "'resource' is reserved: not a condition",
                  "compare it with a value, e.g. != nil");
  }
  const bool may_stand_alone = is_attribute(*value) || (value->kind == Value::Kind::SpanField &&
                                                        type_of(*value) == ValueType::Bool);
  if (may_stand_alone) return make_truthy(std::move(value));
  return refuse(Code::E_NOT_BOOL, syntax.range, "this value is not a condition by itself",
                "it needs a comparison, e.g. x > 3");
}

}  // namespace betrace::rules
