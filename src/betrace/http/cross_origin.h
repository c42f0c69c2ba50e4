// What a page of another origin may do here: nothing, unless its origin is listed.
//
// The exchange asks before a route is served. A browser sends cookies of a proxy in front of us,
// and reaches addresses that a stranger cannot; so a change that comes from a foreign page is
// refused, and a listed origin is told so in the fields that browsers ask for. We set no cookies
// ourselves.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/http/error_response.h"
#include "betrace/http/message.h"

namespace betrace::http {

/// Returns the refusal (403) of a change (any method but GET, HEAD and OPTIONS) by a page of an
/// origin that is neither ours nor one of `origins`. Ours is the one that the Host names.
[[nodiscard]] std::optional<Problem> check_origin(const RequestHead& head,
                                                  const std::vector<std::string>& origins);

/// Lets a page of a listed origin read the answer.
void allow_origin(RequestHead& head, const std::vector<std::string>& origins);

/// True for the question of a browser whether a page of a listed origin may send a request.
[[nodiscard]] bool is_preflight(const RequestHead& head, const std::vector<std::string>& origins);

/// Returns its answer: yes, with the methods of the path and the fields that we read, `key_header`
/// among them.
[[nodiscard]] Response preflight_response(std::string_view methods, std::string_view key_header);

}  // namespace betrace::http
