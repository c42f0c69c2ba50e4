// A mistake or a warning in the text of a rule, with its place.
//
// lexer, parser and checker make them; the command line and the API show them. A rule is refused at
// its first error; warnings are collected.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace betrace::rules {

/// Codes of the language reference, sections 9 and 10. Their names never change.
enum class Code : std::uint8_t {
  E_EMPTY,
  E_UTF8,
  E_LIMIT,
  E_CHAR,
  E_STRING,
  E_NUMBER,
  E_COMMENT,
  E_EXPECTED,
  E_TRAILING,
  E_CHAINED,
  E_FOREIGN,
  E_RELATION,
  E_CLAUSE,
  E_WHEN_ONLY,
  E_WHERE,
  E_UNQUOTED,
  E_RESERVED,
  E_NAME,
  E_SELECTOR,
  E_UNKNOWN_FIELD,
  E_UNKNOWN_FN,
  E_ARITY,
  E_ANCHOR,
  E_EVENT,
  E_NOT_BOOL,
  E_TYPE,
  E_BY,
  E_REGEX,
  W_POLARITY,
  W_BARE_DURATION,
  W_ATTR_DURATION,
  W_STATUS,
  W_ID_NAME,
  W_CARDINALITY,
  W_CONSTANT,
  W_HIDDEN,
};

/// `E_EMPTY`, ...
[[nodiscard]] std::string_view name_of(Code code) noexcept;

/// True for E_..., false for W_....
[[nodiscard]] bool is_error(Code code) noexcept;

/// A place in the text of a rule, in bytes from 0.
struct SourceRange {
  std::uint32_t offset = 0;
  std::uint32_t length = 0;
};

struct Diagnostic {
  Code code = Code::E_EMPTY;
  std::string
      message;       ///< One lowercase clause; quotes at most 40 characters of the rule, escaped.
  std::string hint;  ///< What to write instead; empty if there is nothing to say.
  SourceRange range;
  std::uint32_t line = 1;    ///< From 1.
  std::uint32_t column = 1;  ///< From 1, in characters.
};

/// Fills line and column from `range.offset` in `text`. An offset at the end of the text is legal.
void locate(std::string_view text, Diagnostic* diagnostic) noexcept;

/// Returns what a compiler prints: `name:line:column: error: message [E_CODE]`, the source line, a
/// caret line (`^~~~`, aligned for multi-byte characters and tabs), and `hint: ...` if there is
/// one. `colour` adds ANSI colours.
[[nodiscard]] std::string render(const Diagnostic& diagnostic, std::string_view text,
                                 std::string_view name, bool colour);

}  // namespace betrace::rules
