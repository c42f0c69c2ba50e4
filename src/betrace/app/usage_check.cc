#include "betrace/app/usage_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "betrace/rules/nearest_word.h"

namespace betrace::app {
namespace {

const CommandWords* find_command(std::span<const CommandWords> commands, std::string_view path) {
  const auto found = std::ranges::find(commands, path, &CommandWords::path);
  return found == commands.end() ? nullptr : &*found;
}

std::string complaint(const std::string& path, std::string_view kind, std::string_view word,
                      const std::vector<std::string>& known) {
  const std::string program = path.empty() ? "betrace" : "betrace " + path;
  const std::vector<std::string_view> words(known.begin(), known.end());
  const std::string_view nearest = rules::nearest_word(word, words);
  const std::string hint = nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest);
  return fmt::format("{}: unknown {} {}{}\nsee: {} --help\n", program, kind, word, hint, program);
}

bool is_flag(const std::string& word) { return word.starts_with("--") && word.size() > 2; }

}  // namespace

std::optional<std::string> wrong_usage(const std::vector<std::string>& arguments,
                                       std::span<const CommandWords> commands) {
  std::string path;
  const CommandWords* command = find_command(commands, path);
  auto argument = arguments.begin();
  for (; argument != arguments.end() && !argument->starts_with("-"); ++argument) {
    const std::string below = path.empty() ? *argument : path + " " + *argument;
    const CommandWords* next = find_command(commands, below);
    if (next == nullptr) break;
    path = below;
    command = next;
  }
  if (command == nullptr) return std::nullopt;
  const bool is_word = argument != arguments.end() && !argument->starts_with("-");
  if (is_word && !command->commands.empty()) {
    return complaint(path, "command", *argument, command->commands);
  }
  for (; argument != arguments.end() && *argument != "--"; ++argument) {
    const std::string flag = argument->substr(0, argument->find('='));
    if (!is_flag(flag) || std::ranges::count(command->flags, flag) != 0) continue;
    return complaint(path, "flag", flag, command->flags);
  }
  return std::nullopt;
}

}  // namespace betrace::app
