#include <fmt/format.h>

#include "betrace/rules/checker_parts.h"
#include "betrace/rules/names.h"
#include "betrace/rules/value_type.h"

namespace betrace::rules {

using SyntaxKind = Syntax::Kind;

ValuePointer Checker::value(const Syntax& syntax, const Surroundings& around) {
  switch (syntax.kind) {
    case SyntaxKind::Literal: {
      ValuePointer result = make_value(Value::Kind::Literal, syntax.range);
      result->literal = syntax.literal;
      return result;
    }
    case SyntaxKind::Path:
      return path_value(syntax, around);
    case SyntaxKind::Call:
      return call_value(syntax, around);
    case SyntaxKind::Index:
      return index(syntax, around);
    case SyntaxKind::Add:
      return operation(Value::Kind::Add, syntax, around);
    case SyntaxKind::Subtract:
      return operation(Value::Kind::Subtract, syntax, around);
    case SyntaxKind::Multiply:
      return operation(Value::Kind::Multiply, syntax, around);
    case SyntaxKind::Divide:
      return operation(Value::Kind::Divide, syntax, around);
    case SyntaxKind::Negate:
      return operation(Value::Kind::Negate, syntax, around);
    case SyntaxKind::Length:
      return operation(Value::Kind::Length, syntax, around);
    default:
      return refuse_as_value(syntax);
  }
}

std::nullptr_t Checker::refuse_as_value(const Syntax& syntax) {
  switch (syntax.kind) {
    case SyntaxKind::Member:
      return refuse(Code::E_UNKNOWN_FIELD, syntax.name_range,
                    fmt::format("unknown field '.{}'", excerpt(syntax.names[0])),
                    fmt::format("elements are written [\"{0}\"], attributes of named spans "
                                "\"name\".where({0} > 1)",
                                excerpt(syntax.names[0])));
    case SyntaxKind::By:
      return refuse_by(syntax);
    case SyntaxKind::List:
      return refuse(Code::E_TYPE, syntax.range,
                    "a list may stand only to the right of in, == and !=", "write value in [...]");
    default:
      return refuse(Code::E_TYPE, syntax.range, "a condition cannot be used as a value",
                    "join conditions with and, or, not");
  }
}

ValuePointer Checker::path_value(const Syntax& path, const Surroundings& around) {
  if (is_reserved_path(path)) {
    Reference reference = resolve(path, around);
    if (reference.kind == Reference::Kind::Value) return std::move(reference.value);
    if (reference.kind == Reference::Kind::Refused) return nullptr;
    return refuse_reference(reference.kind, path);
  }
  switch (around.place) {
    case Place::Where:
      return make_keyed(Value::Kind::SpanAttribute, dotted(path), path.range);
    case Place::Event:
      return make_keyed(Value::Kind::EventAttribute, dotted(path), path.range);
    case Place::Link:
      return make_keyed(Value::Kind::LinkAttribute, dotted(path), path.range);
    default:
      return refuse_name(path);
  }
}

ValuePointer Checker::call_value(const Syntax& syntax, const Surroundings& around) {
  CallResult result = call(syntax, around);
  if (result.condition != nullptr) {
    return refuse(Code::E_TYPE, syntax.range, "a condition cannot be used as a value",
                  "it is true or false by itself");
  }
  return std::move(result.value);
}

ValuePointer Checker::operation(Value::Kind kind, const Syntax& syntax,
                                const Surroundings& around) {
  ValuePointer result = make_value(kind, syntax.range);
  for (const auto& child : syntax.children) {
    ValuePointer operand = value(*child, around);
    if (operand == nullptr) return nullptr;
    if (is_literal(*operand, Literal::Type::Nil) || is_literal(*operand, Literal::Type::Bool)) {
      return refuse(Code::E_TYPE, child->range, "nil, true and false cannot be calculated with",
                    "a missing attribute is nil already; compare it with == nil");
    }
    result->operands.push_back(std::move(operand));
  }
  return result;
}

// x["key"], x[0], and S.attributes["key"], which is an attribute and no element.
ValuePointer Checker::index(const Syntax& syntax, const Surroundings& around) {
  const Syntax& target = *syntax.children[0];
  if (!is_reserved_path(target)) {
    return indexed(value(target, around), *syntax.children[1], syntax.range);
  }
  Reference reference = resolve(target, around);
  if (reference.kind == Reference::Kind::Refused) return nullptr;
  if (reference.kind == Reference::Kind::Events || reference.kind == Reference::Kind::Links) {
    return refuse_reference(reference.kind, target);
  }
  return indexed_reference(std::move(reference), syntax);
}

ValuePointer Checker::indexed_reference(Reference reference, const Syntax& syntax) {
  const Syntax& target = *syntax.children[0];
  const Syntax& key = *syntax.children[1];
  const bool value = reference.kind == Reference::Kind::Value;
  const bool attributes = value && reference.value->kind == Value::Kind::SpanAttributes;
  const bool resource = value && reference.value->kind == Value::Kind::ResourceAttributes;
  const bool event = reference.kind == Reference::Kind::EventAttributes;
  const bool link = reference.kind == Reference::Kind::LinkAttributes;
  if (value && !attributes && !resource) {
    return indexed(std::move(reference.value), key, syntax.range);
  }
  if (!value && !event && !link) {
    return refuse(Code::E_TYPE, syntax.range,
                  fmt::format("'{}' has no elements", excerpt(dotted(target))),
                  fmt::format("write {}.attributes[\"key\"]", excerpt(dotted(target))));
  }
  if (!is_text(key)) {
    return refuse(Code::E_TYPE, key.range, "an attribute key must be a string",
                  fmt::format("write {}[\"key\"]", excerpt(dotted(target))));
  }
  const Value::Kind kind = attributes ? Value::Kind::SpanAttribute
                           : resource ? Value::Kind::ResourceAttribute
                           : event    ? Value::Kind::EventAttribute
                                      : Value::Kind::LinkAttribute;
  SpanRef span = value ? std::move(reference.value->span) : SpanRef{};
  return make_keyed(kind, key.literal.text, syntax.range, std::move(span));
}

ValuePointer Checker::indexed(ValuePointer target, const Syntax& key, SourceRange range) {
  if (target == nullptr) return nullptr;
  const bool whole_number = key.kind == SyntaxKind::Literal &&
                            key.literal.type == Literal::Type::Int && key.literal.integer >= 0;
  if (!whole_number && !is_text(key)) {
    return refuse(Code::E_TYPE, key.range, "an index must be a string or a whole number",
                  "write [\"key\"] or [0]");
  }
  ValuePointer element =
      make_value(whole_number ? Value::Kind::IndexItem : Value::Kind::IndexKey, range);
  if (whole_number) element->index = static_cast<std::uint64_t>(key.literal.integer);
  if (!whole_number) element->key = key.literal.text;
  element->operands.push_back(std::move(target));
  return element;
}

std::nullptr_t Checker::refuse_reference(Reference::Kind kind, const Syntax& path) {
  const std::string shown = excerpt(dotted(path));
  switch (kind) {
    case Reference::Kind::Events:
    case Reference::Kind::Links:
      return refuse(Code::E_TYPE, path.range, fmt::format("'{}' is not a value", shown),
                    fmt::format("use {0}.any(...) or {0}.count(...)", shown));
    case Reference::Kind::EventAttributes:
    case Reference::Kind::LinkAttributes:
      return refuse(Code::E_TYPE, path.range, fmt::format("'{}' is not a value", shown),
                    fmt::format("write {}[\"key\"]", shown));
    default:
      return refuse(Code::E_TYPE, path.range, fmt::format("'{}' is not a value", shown),
                    fmt::format("compare a field of it, such as {}.{}", shown,
                                kind == Reference::Kind::Trace  ? "duration"
                                : kind == Reference::Kind::Link ? "span_id"
                                                                : "name"));
  }
}

}  // namespace betrace::rules
