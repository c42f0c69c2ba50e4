// Mistakes and warnings of a rule's text as JSON, the same in errors, validation and tests.
//
// Source: docs/guide/api.md, "Errors" and "Rules".
#pragma once

#include <vector>

#include "betrace/api/error_body.h"
#include "betrace/rules/diagnostic.h"

namespace betrace::api {

/// Code, message, line, column, offset, length, and hint if there is one.
[[nodiscard]] OrderedJson diagnostic_json(const rules::Diagnostic& diagnostic);

[[nodiscard]] OrderedJson diagnostics_json(const std::vector<rules::Diagnostic>& diagnostics);

/// Returns `invalid_expression` with the place in `details.errors`.
[[nodiscard]] ApiError expression_error(const rules::Diagnostic& diagnostic);

}  // namespace betrace::api
