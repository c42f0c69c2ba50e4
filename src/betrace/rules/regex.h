// A regular expression of a rule: RE2 syntax, linear time, bounded memory.
//
// The only place that knows RE2. Compiled once, when the rule is checked.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "betrace/base/result.h"

namespace betrace::rules {

/// Longest text of an expression; the checker refuses a longer one with E_LIMIT.
inline constexpr std::size_t kRegexBytesMax = 1'000;
/// Only so many bytes of the searched text are looked at.
inline constexpr std::size_t kRegexSearchBytesMax = 16'384;

/// Immutable and thread-safe.
class Regex {
 public:
  /// Error InvalidArgument: not RE2 syntax, look-around, back-references, a repeat count over 1000,
  /// or a compiled program over 1 MiB. The message is RE2's, without the expression.
  [[nodiscard]] static Result<std::unique_ptr<Regex>> compile(std::string_view expression);
  ~Regex();

  /// True if the expression matches somewhere in the first kRegexSearchBytesMax bytes of `text`.
  [[nodiscard]] bool search(std::string_view text) const;
  [[nodiscard]] const std::string& expression() const noexcept;

 private:
  struct Program;
  explicit Regex(std::unique_ptr<Program> program);
  std::unique_ptr<Program> program_;
};

}  // namespace betrace::rules
