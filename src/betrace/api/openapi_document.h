// The API described by itself: the OpenAPI 3.1 document of GET /openapi.yaml.
//
// Paths, roles, types of bodies and limits come from the route table, words and schemas from
// operation_catalog.h and openapi_components.h: a route cannot be left out. Pure.
#pragma once

#include <span>
#include <string>

#include "betrace/http/route_table.h"

namespace betrace::api {

/// Returns the document of those rows, as YAML. A row without an entry in the catalogue stands in
/// it with its method and path alone.
[[nodiscard]] std::string openapi_document(std::span<const http::Route> rows);

}  // namespace betrace::api
