// Keys and certificates of a running service: read at start, and again when their files change.
//
// A file that has become wrong is told once and changes nothing: what was read before stays in
// force. Also makes the key of bootstrap mode.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "betrace/api/access.h"
#include "betrace/app/access_settings.h"
#include "betrace/base/result.h"
#include "betrace/base/secret.h"
#include "betrace/telemetry/log.h"

namespace betrace::app {

inline constexpr std::string_view kBootstrapKeyFile = "bootstrap-admin.key";

/// Thread-safe.
class AccessFiles {
 public:
  /// Requires: all live longer.
  AccessFiles(const AccessSettings& settings, api::Access& access, telemetry::Logger& log)
      : settings_(settings), access_(access), log_(log) {}

  /// Reads everything for the first time. `state_path` keeps the key of bootstrap mode. Error
  /// InvalidArgument, naming the setting: a file is wrong. StorageFailed: that key cannot be kept.
  [[nodiscard]] Result<void> load(const std::string& state_path);
  /// Reads again what has changed.
  void look();

  /// Null: plain text.
  [[nodiscard]] const std::shared_ptr<http::TlsFiles>& tls() const noexcept { return tls_; }

 private:
  [[nodiscard]] Result<bool> reload_keys();

  const AccessSettings& settings_;
  api::Access& access_;
  telemetry::Logger& log_;
  std::shared_ptr<http::TlsFiles> tls_;
  std::mutex mutex_;
  std::vector<api::ApiKey> fixed_;  // of the setting, of bootstrap mode
  std::string seen_keys_;           // text of the file as it was last tried; holds digests only
};

/// Returns the entries of the file. Error InvalidArgument, naming the setting and the file.
[[nodiscard]] Result<std::vector<api::ApiKey>> read_keys(const std::string& path);

/// Returns the text of the file, empty if there is none. Error StorageFailed, Corrupt.
[[nodiscard]] Result<std::string> key_file_text(const std::string& path);

/// Returns the key of bootstrap mode that was made in that state directory. Error NotFound.
[[nodiscard]] Result<Secret> read_bootstrap_key(const std::string& state_path);

}  // namespace betrace::app
