#include "betrace/app/access_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "betrace/app/access_files.h"
#include "betrace/base/ascii.h"
#include "betrace/base/utf8.h"
#include "betrace/http/loopback.h"

namespace betrace::app {
namespace {

// Fields with a meaning of their own: a key in one of them would be read as something else.
constexpr std::array<std::string_view, 10> kTakenHeaders = {
    "authorization", "connection", "content-encoding", "content-length",   "content-type", "cookie",
    "expect",        "host",       "origin",           "transfer-encoding"};

api::BucketRate bucket_rate(const Config& config, std::string_view key) {
  const Rate rate = config.rate(key);
  return {static_cast<double>(rate.refill), static_cast<double>(rate.bucket)};
}

api::AuthMode auth_mode(const Config& config, bool is_loopback_only) {
  if (config.boolean("insecure")) return api::AuthMode::Insecure;
  for (const std::string_view key : {"api_key", "api_keys_file", "tls.client_ca"}) {
    if (config.has(key)) return api::AuthMode::On;
  }
  return is_loopback_only ? api::AuthMode::Off : api::AuthMode::Bootstrap;
}

// `scheme://host` with an optional port, as browsers write it.
bool is_origin(std::string_view text) {
  const bool is_web = text.starts_with("http://") || text.starts_with("https://");
  const std::string_view place = is_web ? text.substr(text.find("://") + 3) : "";
  return !place.empty() && std::ranges::all_of(place, [](char c) {
    return is_digit(c) || (is_letter(c) && lower_case(c) == c) ||
           std::string_view(".-:[]_").find(c) != std::string_view::npos;
  });
}

void check_tls(const Config& config, const ReportProblem& report) {
  if (config.has("tls.cert") && !config.has("tls.key")) report("tls.cert", "needs tls.key");
  if (config.has("tls.key") && !config.has("tls.cert")) report("tls.key", "needs tls.cert");
  if (!config.has("tls.client_ca")) return;
  if (!config.has("tls.cert")) report("tls.client_ca", "needs tls.cert");
  if (!config.has("api_keys_file") && !config.has("api_key")) {
    report("tls.client_ca", "gives nobody a role: api_keys_file must name the certificates");
  }
}

}  // namespace

AccessSettings access_settings(const Config& config) {
  AccessSettings settings;
  settings.is_loopback_only = std::ranges::all_of(config.list("http.bind"), http::is_loopback);
  settings.rules.mode = auth_mode(config, settings.is_loopback_only);
  settings.rules.key_header = config.text("api_key_header");
  settings.rules.is_ingest_anonymous = config.boolean("ingest.anonymous");
  settings.rules.auth_failures = bucket_rate(config, "limits.auth_failures");
  settings.rules.read = bucket_rate(config, "limits.rest_rate");
  settings.rules.write = bucket_rate(config, "limits.rest_write_rate");
  settings.rules.compute = bucket_rate(config, "limits.rest_compute_rate");
  settings.rules.ingest = bucket_rate(config, "limits.ingest_rate");
  if (config.has("api_key")) settings.key_digest = sha256(config.text("api_key"));
  settings.keys_file = config.text("api_keys_file");
  settings.tls = {config.text("tls.cert"), config.text("tls.key"), config.text("tls.client_ca")};
  return settings;
}

void check_access(const Config& config, const ReportProblem& report) {
  check_tls(config, report);
  if (std::ranges::find(kTakenHeaders, lower_case(config.text("api_key_header"))) !=
      kTakenHeaders.end()) {
    report("api_key_header", "has another meaning already");
  }
  for (const std::string& origin : config.list("http.cors_origins")) {
    if (is_origin(origin)) continue;
    report("http.cors_origins",
           fmt::format("\"{}\" is not an origin such as https://ui.example:8443",
                       quote_excerpt(origin)));
  }
}

Result<void> check_access_files(const Config& config) {
  const AccessSettings settings = access_settings(config);
  if (!settings.keys_file.empty()) {
    if (auto keys = read_keys(settings.keys_file); !keys) return fail(keys.error());
  }
  if (settings.tls.certificate.empty()) return {};
  if (auto files = http::TlsFiles::load(settings.tls); !files) return fail(files.error());
  return {};
}

}  // namespace betrace::app
