// Tokens to a syntax tree: the second stage of check_rule().
//
// clang-format off
//   rule      = "when" block clause { clause } | expr ;
//                                           (* each clause at most once, either order *)
//   clause    = ( "always" | "never" ) block ;
//   block     = "{" expr "}" ;
//   expr      = conj { "or" conj } ;
//   conj      = neg { "and" neg } ;
//   neg       = { "not" | "!" } cmp ;
//   cmp       = sum [ cmpop sum ] ;         (* does not chain *)
//   cmpop     = "==" | "!=" | "<" | "<=" | ">" | ">="
//             | [ "not" ] ( "in" | "contains" | "starts_with" | "ends_with" | "matches" ) ;
//   sum       = term { ( "+" | "-" ) term } ;
//   term      = unary { ( "*" | "/" ) unary } ;
//   unary     = { "-" | "#" } postfix ;     (* # is length *)
//   postfix   = primary { "." NAME [ "(" [ args ] ")" ] | ":" NAME "(" [ args ] ")"
//                       | "[" ( STRING | DIGITS ) "]" | "by" "(" args ")" } ;
//   primary   = STRING | NUMBER | DURATION | "true" | "false" | "nil" | "null"
//             | NAME [ "(" [ args ] ")" ] | "(" expr ")" | "[" item { "," item } "]" ;
//   args      = expr { "," expr } ;
//   item      = [ "-" ] ( NUMBER | DURATION ) | STRING | NAME | "true" | "false" | "nil" ;
//   NAME      = [A-Za-z_] { [A-Za-z0-9_] } ;
//   NUMBER    = DIGITS [ "." DIGITS ] [ ( "e" | "E" ) [ "+" | "-" ] DIGITS ] ;
//                                           (* decimal; 010 is 10 *)
//   DURATION  = { DIGITS [ "." DIGITS ]
//                 ( "ns" | "us" | "µs" | "ms" | "s" | "m" | "h" | "d" ) } ;  (* ≥ 1 part *)
//   STRING    = '"' … '"' | "'" … "'" | 'r"' … '"' ;
// clang-format on
//
// Recursive descent, one function for each line. It knows which words come where and what people
// write by habit of other languages, but not what a name means: that is the checker.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "betrace/rules/refusal.h"
#include "betrace/rules/syntax.h"
#include "betrace/rules/token.h"

namespace betrace::rules {

/// Nesting of expressions, and how many `not` may follow each other.
inline constexpr std::size_t kNestingMax = 128;
/// Nodes of the syntax tree.
inline constexpr std::size_t kSyntaxNodesMax = 10'000;
/// Height of the syntax tree: bounds every later stage that walks it by recursion, also for trees
/// that are high without nesting, such as `a + b + c + ...`.
inline constexpr std::size_t kSyntaxHeightMax = 1'000;
inline constexpr std::size_t kListItemsMax = 1'000;

/// Returns the rule; nothing in it after noting the first error. Limits are enforced while the tree
/// grows, not afterwards. Requires: `tokens` are those of `text`, more than the End.
[[nodiscard]] RuleSyntax parse(std::string_view text, const std::vector<Token>& tokens,
                               Refusal* refusal);

}  // namespace betrace::rules
