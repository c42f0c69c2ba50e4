// Words and operators that people bring along from other languages, and what to write here instead.
//
// Used by the parser to explain a mistake; none of them is part of the language.
#pragma once

#include <string>
#include <string_view>

namespace betrace::rules {

/// An operator or word of another language: `&&`, `AND`, `LIKE`.
struct ForeignWord {
  std::string_view name;
  std::string_view instead;  ///< One clause: what this language has in its place.
  std::string_view hint;     ///< What to write, as an example.
};

/// Returns nothing if `word` is no such word.
[[nodiscard]] const ForeignWord* find_foreign(std::string_view word) noexcept;

/// Returns the span method that stands for a relation between two selectors (`>>`, `before`,
/// `child_of`): empty if `word` is no such relation.
[[nodiscard]] std::string_view method_for_relation(std::string_view word) noexcept;

}  // namespace betrace::rules
