// The limits of the fields of a rule, apart from its expression and its message template.
//
// Used for rules from every side before they are stored. Source: the HTTP page, section 4.2.
#pragma once

#include <string>
#include <vector>

#include "betrace/base/result.h"
#include "betrace/model/rule.h"

namespace betrace::control {

/// Returns nothing if every field is within its limits. Error InvalidArgument, naming the field.
/// Whether the expression compiles and the message has known fields is not looked at.
[[nodiscard]] Result<void> check_fields(const model::Rule& rule);

/// Returns `tags` without repetitions, in the order of their first occurrence.
[[nodiscard]] std::vector<std::string> without_repetitions(std::vector<std::string> tags);

/// Names of the members of the content that differ, as in JSON: `severity`, ...
[[nodiscard]] std::vector<std::string> differing_members(const model::Rule& left,
                                                         const model::Rule& right);

/// `"3-0123456789abcdef"` with its quotes: identifies the definition of a rule, not its times.
[[nodiscard]] std::string etag_of(const model::Rule& rule);

}  // namespace betrace::control
