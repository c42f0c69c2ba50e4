// A rule that loads: its meaning, its class, and what it reads.
//
// check_rule() is the whole way from text to here: lexer, parser, checker, classification.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "betrace/rules/condition.h"
#include "betrace/rules/diagnostic.h"

namespace betrace::rules {

/// What a violation is about (docs/guide/rule-reference.md, 5).
enum class Scope : std::uint8_t { Span, Trace, Mixed };

/// When the rule is decided (section 5, second table).
enum class Firing : std::uint8_t { OnArrival, Early, AtClose };

/// `span` `trace` `mixed`; `on arrival` `early` `at close`
[[nodiscard]] std::string_view name_of(Scope scope) noexcept;
[[nodiscard]] std::string_view name_of(Firing firing) noexcept;

/// A part of the rule that the explanation reports on its own: the `when`, `always`, `never` block,
/// or an operand of the top-level `and` / `or` of a rule without blocks, or the whole expression.
struct RuleClause {
  std::string text;                      ///< As written, white space folded; at most 256 bytes.
  const Condition* condition = nullptr;  ///< Lies inside CheckedRule::condition.
};

/// Immutable once returned; movable (conditions are on the heap and do not move).
struct CheckedRule {
  std::string text;        ///< As given.
  std::string normalized;  ///< Same tokens in one canonical spelling, no comments: what ids hash.
  std::unique_ptr<Condition> condition;  ///< V: true means violation.
  std::vector<RuleClause> clauses;
  Scope scope = Scope::Trace;
  bool monotone = false;
  Firing firing = Firing::AtClose;
  std::vector<Diagnostic> warnings;
  std::vector<std::string>
      fields;  ///< What it reads, as written in rules, sorted: `span.duration`.
  std::vector<std::string> attribute_keys;  ///< Span and resource keys that it reads, sorted.
  std::uint32_t estimated_cost = 1;         ///< Tests of one span; a relative number for people.
};

/// Longest text of a rule.
inline constexpr std::size_t kRuleBytesMax = 65'536;

/// Checks a whole rule. On failure the first error, located, with a hint. Cost: linear in the text,
/// which is refused unread when it is longer than `bytes_max`. Never throws.
[[nodiscard]] tl::expected<CheckedRule, Diagnostic> check_rule(
    std::string_view text, std::size_t bytes_max = kRuleBytesMax);

}  // namespace betrace::rules
