#include "betrace/rules/warnings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "betrace/base/ascii.h"
#include "betrace/rules/names.h"
#include "betrace/rules/string_literal.h"
#include "betrace/rules/tree_walk.h"
#include "betrace/rules/value_type.h"

namespace betrace::rules {
namespace {

constexpr std::array<std::string_view, 5> kKinds = {"internal", "server", "client", "producer",
                                                    "consumer"};
constexpr std::array<std::string_view, 3> kStatuses = {"unset", "ok", "error"};

template <std::size_t size>
bool is_one_of(const std::array<std::string_view, size>& values, std::string_view prefix,
               const std::string& text) {
  std::string name = lower_case(text);
  if (name.starts_with(prefix)) name.erase(0, prefix.size());
  return std::find(values.begin(), values.end(), name) != values.end();
}

// True if a kind or status can be `literal`. Nil is what an absent parent or root has.
bool can_be(ValueType type, const Literal& literal, const SpanRef& span) {
  if (literal.type == Literal::Type::Nil) {
    return !span.steps.empty() || span.base == SpanRef::Base::TraceRoot;
  }
  if (literal.type != Literal::Type::String) return false;
  return type == ValueType::SpanKind ? is_one_of(kKinds, "span_kind_", literal.text)
                                     : is_one_of(kStatuses, "status_code_", literal.text);
}

bool is_hex_id(std::string_view text) noexcept {
  const bool hex = text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
  return hex && (text.size() == 16 || text.size() == 32);
}

// 1000 ns as the greatest unit that needs no fraction: 1us.
std::string as_duration(std::string_view number, const Literal& literal) {
  if (literal.type != Literal::Type::Int) return fmt::format("{}ns", number);
  if (literal.integer % 1'000 == 0) return fmt::format("{}us", literal.integer / 1'000);
  return fmt::format("{}ns", literal.integer);
}

/// Looks at comparisons, one side after the other.
class ComparisonWarnings {
 public:
  ComparisonWarnings(std::string_view text, std::vector<Diagnostic>* warnings)
      : text_(text), warnings_(warnings) {}

  void look_at(const Condition& condition) {
    if (condition.left == nullptr || condition.right == nullptr) return;
    const bool compares = condition.kind == Condition::Kind::Compare;
    const bool equality =
        condition.kind == Condition::Kind::In ||
        (compares && (condition.op == CompareOp::Equal || condition.op == CompareOp::NotEqual));
    if (compares) {
      look_at_duration(*condition.left, *condition.right);
      look_at_duration(*condition.right, *condition.left);
    }
    if (equality) {
      look_at_values(*condition.left, *condition.right);
      if (compares) look_at_values(*condition.right, *condition.left);
    }
  }

 private:
  void warn(Code code, SourceRange range, std::string message, std::string hint) {
    warnings_->push_back({code, std::move(message), std::move(hint), range, 1, 1});
  }

  void look_at_duration(const Value& duration, const Value& number) {
    if (type_of(duration) != ValueType::Duration || number.kind != Value::Kind::Literal) return;
    const Literal& literal = number.literal;
    const bool whole = literal.type == Literal::Type::Int;
    if (!whole && literal.type != Literal::Type::Double) return;
    const double value = whole ? static_cast<double>(literal.integer) : literal.real;
    if (value <= 0 || value >= 1'000'000) return;
    const auto written = text_.substr(number.range.offset, number.range.length);
    warn(Code::W_BARE_DURATION, number.range,
         fmt::format("{0} is read as nanoseconds; write {0}ms or {1}", excerpt(written),
                     as_duration(written, literal)),
         fmt::format("a bare number is nanoseconds; did you mean {}ms?", excerpt(written)));
  }

  void look_at_values(const Value& field, const Value& other) {
    if (other.kind != Value::Kind::Literal) return;
    if (other.literal.type != Literal::Type::List) {
      look_at_value(field, other.literal, other);
      return;
    }
    for (const Literal& item : other.literal.items) {
      if (look_at_value(field, item, other)) return;
    }
  }

  bool look_at_value(const Value& field, const Literal& literal, const Value& place) {
    const ValueType type = type_of(field);
    const bool enumeration = type == ValueType::SpanKind || type == ValueType::SpanStatus;
    if (enumeration && !can_be(type, literal, field.span)) {
      const bool kind = type == ValueType::SpanKind;
      warn(Code::W_STATUS, place.range,
           fmt::format("a {} is never {}", kind ? "kind" : "status",
                       excerpt(text_.substr(place.range.offset, place.range.length))),
           kind ? "the values are internal server client producer consumer"
                : "the values are unset ok error");
      return true;
    }
    const bool text = literal.type == Literal::Type::String;
    if (type == ValueType::Id && text && !is_hex_id(literal.text)) {
      warn(Code::W_ID_NAME, place.range,
           fmt::format("an id is hex digits, never '{}'", excerpt(literal.text)),
           "to compare names use span.name or span.parent.name");
      return true;
    }
    return false;
  }

  std::string_view text_;
  std::vector<Diagnostic>* warnings_;
};

// A name, selector or trace.has at rule level.
bool demands_presence(const Syntax& syntax) noexcept {
  if (is_bare_name(syntax) || is_text(syntax) || is_existence_call(syntax)) return true;
  const bool filtered = syntax.kind == Syntax::Kind::Call && syntax.names[0] == "where" &&
                        syntax.children[0] != nullptr;
  return filtered && demands_presence(*syntax.children[0]);
}

bool demands_only_presence(const Syntax& conjunction) {
  return std::all_of(conjunction.children.begin(), conjunction.children.end(),
                     [](const auto& child) {
                       return demands_presence(*child) ||
                              (child->kind == Syntax::Kind::And && demands_only_presence(*child));
                     });
}

void warn_of_polarity(const RuleSyntax& syntax, std::vector<Diagnostic>* warnings) {
  const Syntax* rule = syntax.expression.get();
  if (rule == nullptr || rule->kind != Syntax::Kind::And || !demands_only_presence(*rule)) return;
  warnings->push_back({Code::W_POLARITY, "the rule fires when all of these are present",
                       "for \"A requires B\" write when { A } always { B }", rule->range, 1, 1});
}

void warn_of_constant(const Condition& condition, std::vector<Diagnostic>* warnings) {
  if (condition.kind != Condition::Kind::True && condition.kind != Condition::Kind::False) return;
  const bool always = condition.kind == Condition::Kind::True;
  warnings->push_back({Code::W_CONSTANT, "the rule does not look at the trace",
                       always ? "it is violated by every trace" : "it is never violated",
                       condition.range, 1, 1});
}

// `span.attributes["k"]`, `span.has("k")`, `span.x != nil` and nothing else.
void warn_of_cardinality(const Condition& condition, Scope scope,
                         std::vector<Diagnostic>* warnings) {
  const auto present = [](const Value& value) {
    return is_attribute(value) || value.kind == Value::Kind::SpanField;
  };
  const auto nil = [](const Value& value) { return is_literal(value, Literal::Type::Nil); };
  bool only_presence = condition.kind == Condition::Kind::Truthy && present(*condition.left);
  if (condition.kind == Condition::Kind::Compare && condition.op == CompareOp::NotEqual) {
    only_presence = (present(*condition.left) && nil(*condition.right)) ||
                    (nil(*condition.left) && present(*condition.right));
  }
  if (scope != Scope::Span || !only_presence) return;
  warnings->push_back({Code::W_CARDINALITY, "the rule fires on every span that carries this",
                       "compare it with a value", condition.range, 1, 1});
}

void warn_of_hidden(std::string_view text, const std::vector<Token>& tokens,
                    std::vector<Diagnostic>* warnings) {
  for (const Token& token : tokens) {
    if (token.kind != TokenKind::String) continue;
    const std::size_t at = find_hidden_character(text_of(text, token));
    if (at == std::string_view::npos) continue;
    const auto offset = static_cast<std::uint32_t>(token.range.offset + at);
    warnings->push_back({Code::W_HIDDEN,
                         fmt::format("the string holds an invisible character at byte {}", offset),
                         "retype the string", SourceRange{offset, 1}, 1, 1});
  }
}

}  // namespace

void add_warnings(std::string_view text, const std::vector<Token>& tokens, const RuleSyntax& syntax,
                  const Condition& condition, Scope scope, std::vector<Diagnostic>* warnings) {
  ComparisonWarnings comparisons(text, warnings);
  TreeVisitor visitor;
  visitor.on_condition = [&comparisons](const Condition& part, int) { comparisons.look_at(part); };
  walk(condition, visitor);
  warn_of_polarity(syntax, warnings);
  warn_of_constant(condition, warnings);
  warn_of_cardinality(condition, scope, warnings);
  warn_of_hidden(text, tokens, warnings);
  std::stable_sort(warnings->begin(), warnings->end(),
                   [](const Diagnostic& left, const Diagnostic& right) {
                     return left.range.offset < right.range.offset;
                   });
}

}  // namespace betrace::rules
