// The members of a JSON object that a client sent, each in snake_case or lowerCamelCase.
//
// Handlers ask for what they know; what nobody asked for is named in `X-Betrace-Ignored`. Query
// parameters are api/query.h. Source: docs/guide/api.md, "Conventions".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/api/error_body.h"
#include "betrace/base/json.h"

namespace betrace::api {

/// Returns `createdAt` for `created_at`.
[[nodiscard]] std::string camel_case(std::string_view snake_case);

/// Each reader returns nothing if the member is absent, and remembers the first mistake: a wrong
/// type, or both spellings with different values. Borrows the object. One request, one thread.
class ObjectReader {
 public:
  /// Requires: `object` is an object that outlives the reader.
  explicit ObjectReader(const Json& object);

  /// The member as it is, null pointer if it is absent.
  [[nodiscard]] const Json* find(std::string_view member);
  [[nodiscard]] std::optional<std::string> text(std::string_view member);
  [[nodiscard]] std::optional<bool> boolean(std::string_view member);
  [[nodiscard]] std::optional<std::vector<std::string>> texts(std::string_view member);
  /// Knows a member without reading it: output only, such as `state`.
  void skip(std::string_view member) { static_cast<void>(find(member)); }

  /// Notes a mistake that the caller found.
  void reject(ErrorKind kind, std::string message);
  /// Notes MissingField.
  void reject_missing(std::string_view member);
  [[nodiscard]] const std::optional<ApiError>& mistake() const noexcept { return mistake_; }

  /// Names of the members that nobody asked for, as spelt.
  [[nodiscard]] std::vector<std::string> unknown() const;

 private:
  const Json& object_;
  std::vector<std::string> known_;
  std::optional<ApiError> mistake_;
};

/// Returns the value of `X-Betrace-Ignored`: names in order, escaped, at most 20 and then `...`.
[[nodiscard]] std::string ignored_header(const std::vector<std::string>& names);

}  // namespace betrace::api
