// The catalogue of operations: what a path of the API takes and gives, in words for its users.
//
// openapi_document.h joins it with the route table, which knows roles, types of bodies and limits.
// A new route is a new row here; a test compares both.
#pragma once

#include <span>
#include <string_view>

namespace betrace::api {

/// One row. Immutable, static storage. Names are those of openapi_components.yaml.
struct Operation {
  std::string_view route;  ///< As in the route table: `GET /v1/rules/{id}`.
  std::string_view id;     ///< `getRule`
  std::string_view tag;    ///< The chapter that it stands in.
  std::string_view summary;
  std::string_view parameters{};  ///< Names, separated by spaces; without those of the path.
  std::string_view body{};        ///< Schema of a JSON body; with `?` it may be absent.
  /// `200 RuleList, 304`: a status with the schema of its JSON, or with media types.
  std::string_view answers;
  std::string_view refusals{};  ///< Statuses of errors besides those that the route table tells.
};

/// The table, in the order in which chapters and operations are shown.
[[nodiscard]] std::span<const Operation> operation_catalog() noexcept;

/// Returns the row of `route`, null if there is none.
[[nodiscard]] const Operation* find_operation(std::string_view route) noexcept;

}  // namespace betrace::api
