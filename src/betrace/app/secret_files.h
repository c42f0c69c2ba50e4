// Small files with secrets: those that a setting names, and those that the state directory keeps.
//
// Used by app/access_files and app/redaction_settings. A file is written whole or not at all, for
// its owner alone.
#pragma once

#include <string>

#include "betrace/base/result.h"
#include "betrace/base/secret.h"

namespace betrace::app {

/// Returns a random key of 256 bits as text.
[[nodiscard]] Secret new_key();

/// Returns the whole file. Links are followed within its folder: a mounted Secret is one. Error
/// NotFound; StorageFailed; Corrupt: it is longer than `bytes_max`, or no file.
[[nodiscard]] Result<std::string> read_path(const std::string& path, std::size_t bytes_max);
/// Puts `text` in its place. Error StorageFailed.
[[nodiscard]] Result<void> replace_path(const std::string& path, const std::string& text);

/// Returns the secret that the state directory keeps under `name`. Error as read_path().
[[nodiscard]] Result<Secret> read_kept_secret(const std::string& state_path,
                                              const std::string& name);
/// The same; a random key is made and kept if there is none. Errors name the file.
[[nodiscard]] Result<Secret> keep_secret(const std::string& state_path, const std::string& name);

}  // namespace betrace::app
