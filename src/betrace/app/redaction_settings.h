// What the settings say about the attributes that violations show and hide.
//
// A service reads them at start and at each reload.
#pragma once

#include <string>

#include "betrace/app/config.h"
#include "betrace/base/result.h"
#include "betrace/engine/redaction.h"

namespace betrace::app {

/// The generated key, in the state directory. Whoever has it can find out a hidden value by trying.
inline constexpr const char* kRedactionKeyFile = "redaction.key";
/// In `redaction.deny`: everything that is denied by default.
inline constexpr std::string_view kShippedKeys = "@shipped";

struct RedactionSettings {
  engine::RedactionLists lists;
  std::string key_file;  ///< Empty: the key lies in the state directory, and is made there.
};

/// Returns them. Requires: the configuration is valid.
[[nodiscard]] RedactionSettings redaction_settings(const Config& config);

/// Returns the key in the file that `redaction.key_file` names. Error InvalidArgument, naming the
/// setting: it cannot be read or has less than 32 bytes.
[[nodiscard]] Result<Secret> read_redaction_key(const std::string& path);

/// Reads the file that the settings name, as a start would. Error as read_redaction_key().
[[nodiscard]] Result<void> check_redaction_file(const Config& config);

/// Returns what they ask for. Error InvalidArgument: as read_redaction_key(); StorageFailed: the
/// generated key cannot be kept.
[[nodiscard]] Result<engine::RedactionPtr> make_redaction(const RedactionSettings& settings,
                                                          const std::string& state_path);

}  // namespace betrace::app
