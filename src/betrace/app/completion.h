// Completion of commands and flags for bash, zsh and fish.
//
// app/command_line describes the commands; these are the scripts that follow from it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace betrace::app {

/// One command with what may follow it.
struct CommandWords {
  std::string path;                   ///< `rules check`; empty for the program itself.
  std::vector<std::string> commands;  ///< Commands below it.
  std::vector<std::string> flags;     ///< With their dashes.
};

/// Returns the script for `bash`, `zsh` or `fish`, nothing for another shell.
[[nodiscard]] std::optional<std::string> completion_script(std::string_view shell,
                                                           std::span<const CommandWords> commands);

}  // namespace betrace::app
