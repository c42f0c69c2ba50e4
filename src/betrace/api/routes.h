// The route table of the REST API: one readable list of paths, roles, limits and handlers.
//
// app/ adds it to the table of its listener beside that of ingest/ and the pages. The list is the
// only source of roles and limits; the authorization hook reads them from it. Source:
// docs/guide/api.md.
#pragma once

#include <vector>

#include "betrace/api/services.h"
#include "betrace/http/route_table.h"

namespace betrace::api {

/// Returns all rows of the API. They share a copy of `services` and `options`; what `services`
/// refers to must outlive them.
[[nodiscard]] std::vector<http::Route> api_routes(ApiServices services, ApiOptions options);

}  // namespace betrace::api
