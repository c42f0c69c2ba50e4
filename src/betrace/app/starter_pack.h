// The starter rule pack, as built into the program: rules/starter/rules.yaml.
#pragma once

#include <string_view>

namespace betrace::app {

/// The text of the pack, YAML. Static storage.
[[nodiscard]] std::string_view starter_pack_yaml() noexcept;

}  // namespace betrace::app
