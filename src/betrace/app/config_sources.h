// Where settings come from: flags, environment and file, merged into one text per setting.
//
// Used by app/config alone. Knows names and precedence; what a text means is app/setting_value.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "betrace/app/config_catalog.h"
#include "betrace/base/result.h"

namespace betrace::app {

/// In the order of precedence, lowest first.
enum class ConfigSource : std::uint8_t { Default, File, Environment, Flag };

/// `default` `file` `environment` `flag`
[[nodiscard]] std::string_view name_of(ConfigSource source) noexcept;

/// Name and value of a variable, key and value of the file, flag and value, in order.
using NamedTexts = std::vector<std::pair<std::string, std::string>>;

/// What a setting was given, before it is read.
struct GivenText {
  std::string text;
  ConfigSource source = ConfigSource::Default;
  std::string name;  ///< As the person wrote it: `BETRACE_TRACE_QUIET`, `--trace-quiet`.
};

/// All given texts by key, and what is wrong or doubtful about the sources.
struct GivenTexts {
  std::map<std::string, GivenText, std::less<>> by_key;
  std::vector<std::string> problems;  ///< `NAME (source): what`
  std::vector<std::string> warnings;
};

/// The file at `path` as keys and texts: nested maps become dotted keys, sequences comma lists.
/// Error InvalidArgument: unreadable, over 1 MiB, not YAML, or a key occurs twice.
[[nodiscard]] Result<NamedTexts> read_config_file(const std::string& path);

/// Merges; a flag beats the environment, that beats the file. Flags are given by flag name
/// (`--trace-quiet`), secrets also as the name of a file (`BETRACE_API_KEY_FILE`, `api_key_file`,
/// `--api-key-file`). Unknown flags and file keys are problems, unknown BETRACE_ variables
/// warnings.
[[nodiscard]] GivenTexts merge_sources(const NamedTexts& flags, const NamedTexts& environment,
                                       const NamedTexts& file);

/// The environment of the process.
[[nodiscard]] NamedTexts process_environment();

}  // namespace betrace::app
