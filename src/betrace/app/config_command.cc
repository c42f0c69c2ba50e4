#include "betrace/app/config_command.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <ostream>

namespace betrace::app {
namespace {

// Quotes what YAML would read as something else than this text.
std::string yaml_text(const std::string& text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-";
  const bool is_plain = text.find_first_not_of(kPlain) == std::string::npos && text[0] != '-';
  if (is_plain) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? "''" : std::string(1, c);
  return quoted + "'";
}

std::string yaml_line(const ConfigRow& row) {
  if (row.setting->is_secret && !row.shown.empty()) {
    return fmt::format("# {}: {}", row.setting->key, row.shown);
  }
  if (row.shown.empty()) return fmt::format("# {}:", row.setting->key);
  return fmt::format("{}: {}", row.setting->key, yaml_text(row.shown));
}

}  // namespace

void print_config(const Config& config, bool given_only, std::ostream& out) {
  for (const ConfigRow& row : config.rows()) {
    if (given_only && row.source == name_of(ConfigSource::Default)) continue;
    fmt::print(out, "{:<48} # {}\n", yaml_line(row), row.source);
  }
}

void print_config_check(const Config& config, std::ostream& out, std::ostream& err) {
  for (const ConfigWarning& warning : config.warnings()) {
    fmt::print(err, "config warning: {}\n", warning.text);
  }
  fmt::print(out, "the configuration is valid\n");
}

}  // namespace betrace::app
