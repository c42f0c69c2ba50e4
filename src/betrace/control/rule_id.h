// Which texts are rule ids, and the id of a new rule that names none.
//
// Used by rule changes from every side. Source: the HTTP page, section 4.2.
#pragma once

#include <string>
#include <string_view>

namespace betrace::control {

/// True for `[A-Za-z0-9_][A-Za-z0-9._-]{0,127}` that is no word of a path: `validate`, `test`,
/// `import`, `export`.
[[nodiscard]] bool is_rule_id(std::string_view text) noexcept;

/// Returns `name` if it is a legal id; else its slug: lower case, each run of anything but letters
/// and digits is one `-`, none at the ends, at most 128 bytes; else, if nothing is left or the slug
/// is reserved, `rule-` and 8 hex digits of the name's SHA-256.
[[nodiscard]] std::string rule_id_for_name(std::string_view name);

}  // namespace betrace::control
