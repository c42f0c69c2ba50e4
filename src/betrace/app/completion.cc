#include "betrace/app/completion.h"

#include <fmt/format.h>

namespace betrace::app {
namespace {

// The same walk for bash and zsh: `route` becomes the path of the command that stands before the
// word that is being completed.
std::string route_cases(std::span<const CommandWords> commands) {
  std::string patterns;
  for (const CommandWords& command : commands) {
    for (const std::string& word : command.commands) {
      patterns += fmt::format("{}\"{} {}\"", patterns.empty() ? "" : " | ", command.path, word);
    }
  }
  return fmt::format(
      "    case \"$route $word\" in\n"
      "      {}) route=\"${{route:+$route }}$word\" ;;\n"
      "    esac\n",
      patterns);
}

std::string word_cases(std::span<const CommandWords> commands) {
  std::string cases = "  case \"$route\" in\n";
  for (const CommandWords& command : commands) {
    cases += fmt::format("    \"{}\") candidates=\"{} {}\" ;;\n", command.path,
                         fmt::join(command.commands, " "), fmt::join(command.flags, " "));
  }
  return cases + "  esac\n";
}

std::string bash_script(std::span<const CommandWords> commands) {
  return "# Use: source <(betrace completion bash)\n"
         "_betrace() {\n"
         "  local current=\"${COMP_WORDS[COMP_CWORD]}\" route=\"\" candidates=\"\" word\n"
         "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n" +
         route_cases(commands) + "  done\n" + word_cases(commands) +
         "  mapfile -t COMPREPLY < <(compgen -W \"$candidates\" -- \"$current\")\n"
         "}\n"
         "complete -o default -F _betrace betrace\n";
}

std::string zsh_script(std::span<const CommandWords> commands) {
  return "#compdef betrace\n"
         "# Use: source <(betrace completion zsh)\n"
         "_betrace() {\n"
         "  local route=\"\" candidates=\"\" word\n"
         "  for word in \"${words[@]:1:$((CURRENT - 2))}\"; do\n" +
         route_cases(commands) + "  done\n" + word_cases(commands) +
         "  compadd -- ${=candidates}\n"
         "  _files\n"
         "}\n"
         "compdef _betrace betrace\n";
}

// The condition under which the words after `path` are offered.
std::string fish_condition(std::string_view path) {
  if (path.empty()) return "__fish_use_subcommand";
  std::string condition;
  while (!path.empty()) {
    const std::size_t space = path.find(' ');
    condition += fmt::format("{}__fish_seen_subcommand_from {}", condition.empty() ? "" : "; and ",
                             path.substr(0, space));
    path = space == std::string_view::npos ? "" : path.substr(space + 1);
  }
  return condition;
}

std::string fish_script(std::span<const CommandWords> commands) {
  std::string script = "# Use: betrace completion fish | source\n";
  for (const CommandWords& command : commands) {
    const std::string condition = fish_condition(command.path);
    if (!command.commands.empty()) {
      script += fmt::format("complete -c betrace -n '{}' -a '{}'\n", condition,
                            fmt::join(command.commands, " "));
    }
    for (const std::string& flag : command.flags) {
      script += fmt::format("complete -c betrace -n '{}' -l {}\n", condition, flag.substr(2));
    }
  }
  return script;
}

}  // namespace

std::optional<std::string> completion_script(std::string_view shell,
                                             std::span<const CommandWords> commands) {
  if (shell == "bash") return bash_script(commands);
  if (shell == "zsh") return zsh_script(commands);
  if (shell == "fish") return fish_script(commands);
  return std::nullopt;
}

}  // namespace betrace::app
