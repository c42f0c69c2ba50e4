// The syntax tree: how the words of a rule belong together, before any of them means anything.
//
// Made by parser.cc, read by the checker and by warnings.cc. Parentheses are gone; `and` and `or`
// are lists; nothing is resolved. Views point into the text of the rule.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/rules/condition.h"
#include "betrace/rules/diagnostic.h"

namespace betrace::rules {

/// The comparison operators of the grammar; `not` before a word is Syntax::negated.
enum class ComparisonWord : std::uint8_t {
  Equal,
  NotEqual,
  Less,
  LessOrEqual,
  Greater,
  GreaterOrEqual,
  In,
  Contains,
  StartsWith,
  EndsWith,
  Matches,
};

struct Syntax {
  enum class Kind : std::uint8_t {
    Or,
    And,      // children, two or more
    Not,      // children[0]
    Compare,  // comparison, negated, children[0] and [1]
    Add,
    Subtract,
    Multiply,
    Divide,  // children[0] and [1]
    Negate,
    Length,   // children[0]
    Path,     // names, one or more
    Literal,  // literal
    List,     // literal
    Call,     // names[0](children[1..]), a method of children[0] unless that is null
    Member,   // children[0].names[0], where children[0] is no path
    Index,    // children[0][children[1]]
    By,       // children[0] by (children[1..])
  };

  Kind kind = Kind::Path;
  bool negated = false;
  ComparisonWord comparison = ComparisonWord::Equal;
  std::uint16_t height = 1;  ///< Of the tree below, itself included.
  SourceRange range;
  std::vector<std::string_view> names;
  SourceRange name_range;  ///< Call, Member, By: of the name alone.
  Literal literal;
  std::vector<std::unique_ptr<Syntax>> children;
};

/// A whole rule: one expression, or blocks.
struct RuleSyntax {
  std::unique_ptr<Syntax> expression;  ///< Null in a rule with blocks.
  std::unique_ptr<Syntax> when, always, never;
};

}  // namespace betrace::rules
