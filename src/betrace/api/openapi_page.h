// The API for people: the page of GET /docs, made from the OpenAPI document and nothing else.
//
// Plain HTML that asks no other host for anything and runs no script. Pure.
#pragma once

#include <string>
#include <string_view>

#include "betrace/base/json.h"

namespace betrace::api {

/// Where the page looks for its style.
inline constexpr std::string_view kPageStylePath = "/docs.css";

/// Returns the page of an OpenAPI document. Requires: openapi_document() made it.
[[nodiscard]] std::string openapi_page(const Json& document);

/// Returns its style sheet. Static storage.
[[nodiscard]] std::string_view openapi_page_style() noexcept;

}  // namespace betrace::api
