// Unknown commands and flags, named with the nearest known one before anything is parsed.
//
// Used by app/command_line, which describes the commands. Knows nothing of what they do.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "betrace/app/completion.h"

namespace betrace::app {

/// Returns what is wrong with the words of `arguments`, whole lines ready to be printed; nothing if
/// every command and flag is known. What a flag's value must be is not looked at.
[[nodiscard]] std::optional<std::string> wrong_usage(const std::vector<std::string>& arguments,
                                                     std::span<const CommandWords> commands);

}  // namespace betrace::app
