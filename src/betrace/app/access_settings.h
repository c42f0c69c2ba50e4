// What the settings say about access: who may enter, by which credential, over what.
//
// service_options() and the client commands read it; a running service keeps it by access_files.h.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "betrace/api/access.h"
#include "betrace/app/config.h"
#include "betrace/app/config_checks.h"
#include "betrace/base/sha256.h"
#include "betrace/http/tls.h"

namespace betrace::app {

struct AccessSettings {
  api::AccessOptions rules;
  std::optional<Sha256> key_digest;  ///< Of `api_key`; the key itself is not kept.
  std::string keys_file;             ///< `api_keys_file`; may be empty.
  http::TlsPaths tls;                ///< No certificate: plain text.
  bool is_loopback_only = true;      ///< Nobody but this machine can connect.
};

/// Returns them. Requires: the configuration is valid.
[[nodiscard]] AccessSettings access_settings(const Config& config);

/// Reports what cannot be: half of a certificate, client CAs without a role for anyone, origins
/// that are none, a header that cannot carry a key.
void check_access(const Config& config, const ReportProblem& report);

/// Reads the files that they name, as a start would. Error InvalidArgument.
[[nodiscard]] Result<void> check_access_files(const Config& config);

}  // namespace betrace::app
