// What every handler of the REST API shares: reading a body, answering JSON, failing with an error.
//
// A handler is a function from a request to Reply<http::Response>; as_handler() makes it a row's.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/api/error_body.h"
#include "betrace/base/json.h"
#include "betrace/http/message.h"
#include "betrace/http/route_table.h"

namespace betrace::api {

using ReplyFunction =
    std::function<Reply<http::Response>(const http::Request&, const http::PathParameters&)>;

/// Returns a handler that answers the error of `function` in the one error shape.
[[nodiscard]] http::Handler as_handler(ReplyFunction function);

/// Returns a JSON response.
[[nodiscard]] http::Response json_reply(int status, const OrderedJson& body);

/// Returns the JSON value of a body. Error InvalidJson, saying where; also if it is nested deeper
/// than `depth_max`, `limits.json_depth`.
[[nodiscard]] Reply<Json> read_json(std::string_view body, int depth_max);

/// As read_json(), of a body that must be an object.
[[nodiscard]] Reply<Json> read_json_object(std::string_view body, int depth_max);

/// Adds `X-Betrace-Ignored` if there is something to name.
void name_ignored(const std::vector<std::string>& names, http::Response* response);

/// Returns the tags of all fields of that name, quotes and `W/` kept; nothing if there is no field.
[[nodiscard]] std::optional<std::vector<std::string>> read_etags(const http::Headers& headers,
                                                                 std::string_view name);

/// True if the client has what `etag` names, by weak comparison, or `*`: answer 304. Source: RFC
/// 9110 section 13.1.2.
[[nodiscard]] bool is_unchanged(const http::RequestHead& head, std::string_view etag);

}  // namespace betrace::api
