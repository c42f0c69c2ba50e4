// The id that ties a response, its error body and its log line together.
#pragma once

#include <string>

#include "betrace/http/headers.h"

namespace betrace::http {

/// Sets `id` to the client's X-Request-Id if there is one of 1-64 characters `[A-Za-z0-9._-]`, else
/// to 16 hexadecimal digits that no other request of this process has. Thread-safe.
void set_request_id(const Headers& headers, std::string* id);

}  // namespace betrace::http
