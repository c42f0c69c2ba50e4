// The routes by which the API describes itself: /openapi.yaml and /docs.
//
// app/ adds them last, because they tell of the rows of all modules.
#pragma once

#include <vector>

#include "betrace/http/route_table.h"

namespace betrace::api {

/// Adds `GET /openapi.yaml`, `GET /docs` and its style sheet to `routes`, which all of them
/// describe, themselves included. They need no credential.
void add_document_routes(std::vector<http::Route>* routes);

}  // namespace betrace::api
