#include "betrace/api/role_set.h"

#include <array>

namespace betrace::api {
namespace {

constexpr std::array<std::string_view, 5> kRoleNames = {"public", "ingest", "read", "write",
                                                        "admin"};

}  // namespace

bool RoleSet::allows(http::Role role) const noexcept {
  using http::Role;
  const auto has = [this](Role each) { return (bits_ & bit(each)) != 0; };
  switch (role) {
    case Role::Public:
      return true;
    case Role::Read:
      return has(Role::Read) || has(Role::Write) || has(Role::Admin);
    default:
      return has(role) || has(Role::Admin);
  }
}

std::string_view name_of(http::Role role) noexcept {
  return kRoleNames[static_cast<std::size_t>(role)];
}

std::optional<http::Role> parse_role(std::string_view name) noexcept {
  for (std::size_t index = 1; index < kRoleNames.size(); ++index) {
    if (kRoleNames[index] == name) return static_cast<http::Role>(index);
  }
  return std::nullopt;
}

}  // namespace betrace::api
