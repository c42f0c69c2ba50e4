// Between a request and a rule change: who asks, on what condition, and how a refusal is answered.
//
// Source: docs/guide/api.md, "Errors" and "Rules".
#pragma once

#include "betrace/api/error_body.h"
#include "betrace/control/change.h"
#include "betrace/http/message.h"

namespace betrace::api {

/// Returns who changes a rule: the actor of the credential, `anonymous` without one.
[[nodiscard]] control::ChangeContext change_context(const http::RequestHead& head, UnixNanos now);

/// Returns the tags of If-Match.
[[nodiscard]] control::Precondition if_match(const http::RequestHead& head);

[[nodiscard]] ErrorKind kind_of(control::RefusalKind kind) noexcept;

/// Returns the error with its details: the place of a mistake, the current ETag, what differs.
[[nodiscard]] ApiError change_error(const control::ChangeRefusal& refusal);

}  // namespace betrace::api
