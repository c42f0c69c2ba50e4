// Dotted paths as names: which ones are reserved, and how they are written.
//
// Used by the checker and by the warnings.
#pragma once

#include <string>
#include <string_view>

#include "betrace/rules/syntax.h"

namespace betrace::rules {

/// `span anchor trace resource event link`: a path that begins so is never a bare name.
[[nodiscard]] bool is_reserved_root(std::string_view word) noexcept;

[[nodiscard]] bool is_path(const Syntax& syntax) noexcept;
/// A path that begins with a reserved root.
[[nodiscard]] bool is_reserved_path(const Syntax& syntax) noexcept;
/// A path that does not: the name of a span, an attribute or an event.
[[nodiscard]] bool is_bare_name(const Syntax& syntax) noexcept;
/// The path of just this one word.
[[nodiscard]] bool is_word(const Syntax& syntax, std::string_view word) noexcept;
[[nodiscard]] bool is_text(const Syntax& syntax) noexcept;
/// True if a bare name is an operand of the arithmetic `syntax`, at any depth.
[[nodiscard]] bool has_bare_operand(const Syntax& syntax) noexcept;

/// The segments from `first` on, joined by points.
[[nodiscard]] std::string dotted(const Syntax& path, std::size_t first = 0);
/// Without the last segment. Requires: two segments or more.
[[nodiscard]] std::string dotted_front(const Syntax& path);

/// For messages: at most 40 characters, escaped.
[[nodiscard]] std::string excerpt(std::string_view text);

/// True for a call of `trace.has` or `trace.any`.
[[nodiscard]] bool is_existence_call(const Syntax& syntax) noexcept;
/// True for a call of `count` or `trace.count`.
[[nodiscard]] bool is_count_call(const Syntax& syntax) noexcept;
/// True for `trace.name(...)`, whatever the name.
[[nodiscard]] bool is_trace_call(const Syntax& syntax) noexcept;

}  // namespace betrace::rules
