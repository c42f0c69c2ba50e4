// Rule files that a command is given: which files of a folder they are, and their text.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "betrace/base/result.h"

namespace betrace::app {

/// Returns `path` itself if it is no folder, else the rule files below it, sorted: `.json`,
/// `.jsonl`,
/// `.ndjson`, `.yaml` and `.yml`, without hidden ones and without folders named `tests`, which are
/// for `betrace test`. Error NotFound: a folder cannot be read.
[[nodiscard]] Result<std::vector<std::filesystem::path>> rule_files_of(
    const std::filesystem::path& path);

/// Returns the text of a file, one byte beyond the limit of a rule document at most: a device never
/// ends. Error NotFound: it cannot be read.
[[nodiscard]] Result<std::string> read_rule_file(const std::filesystem::path& path);

}  // namespace betrace::app
