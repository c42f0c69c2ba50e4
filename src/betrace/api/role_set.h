// Which roles a credential has, and what they allow.
//
// Keys have one, routes ask for one role. Source: docs/guide/security.md.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "betrace/http/route_table.h"

namespace betrace::api {

/// A set of `ingest` `read` `write` `admin`; everybody has `public`.
class RoleSet {
 public:
  RoleSet() = default;
  RoleSet(std::initializer_list<http::Role> roles) {
    for (const http::Role role : roles) add(role);
  }

  void add(http::Role role) noexcept { bits_ |= bit(role); }
  /// True if a route of that role may be called: write includes read, admin includes all.
  [[nodiscard]] bool allows(http::Role role) const noexcept;
  [[nodiscard]] bool empty() const noexcept { return bits_ == 0; }

  friend bool operator==(const RoleSet&, const RoleSet&) = default;

 private:
  [[nodiscard]] static unsigned bit(http::Role role) noexcept {
    return 1U << static_cast<unsigned>(role);
  }
  unsigned bits_ = 0;
};

/// `public` `ingest` `read` `write` `admin`
[[nodiscard]] std::string_view name_of(http::Role role) noexcept;

/// The inverse of name_of(), but for `public`, which nobody is given.
[[nodiscard]] std::optional<http::Role> parse_role(std::string_view name) noexcept;

}  // namespace betrace::api
