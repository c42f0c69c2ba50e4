// The part of the OpenAPI document that is kept by hand, as built into the program:
// openapi_components.yaml.
#pragma once

#include <string_view>

namespace betrace::api {

/// Its text: YAML with the one member `components`. Static storage.
[[nodiscard]] std::string_view openapi_components_yaml() noexcept;

}  // namespace betrace::api
