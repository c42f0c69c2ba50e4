#include "betrace/api/credential.h"

namespace betrace::api {
namespace {

constexpr std::string_view kScheme = "Bearer";

std::optional<std::string_view> bearer_key(std::string_view value) noexcept {
  if (!http::equal_ignoring_case(value.substr(0, kScheme.size()), kScheme)) return std::nullopt;
  const std::string_view rest = value.substr(kScheme.size());
  if (!rest.empty() && rest.front() != ' ') return std::nullopt;
  return http::trimmed(rest);
}

}  // namespace

Credential find_credential(const http::Headers& headers, std::string_view key_header) noexcept {
  Credential found;
  for (std::size_t index = 0; index < headers.size(); ++index) {
    const http::HeaderView field = headers.at(index);
    std::optional<std::string_view> key;
    if (http::equal_ignoring_case(field.name, key_header)) {
      key = field.value;
    } else if (http::equal_ignoring_case(field.name, "Authorization")) {
      key = bearer_key(field.value);
    }
    if (!key) continue;
    const bool is_first = found.kind == Credential::Kind::None;
    if (!is_first || key->empty()) return {Credential::Kind::Unclear, {}};
    found = {Credential::Kind::One, *key};
  }
  return found;
}

}  // namespace betrace::api
