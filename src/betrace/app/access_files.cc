#include "betrace/app/access_files.h"

#include <fmt/format.h>

#include <utility>

#include "betrace/api/key_file.h"
#include "betrace/app/secret_files.h"

namespace betrace::app {
namespace {

Result<std::string> keys_text(const std::string& path) {
  return read_path(path, api::kKeyFileBytesMax);
}

tl::unexpected<Error> wrong_keys(const std::string& path, const std::string& what) {
  return fail(ErrorCode::InvalidArgument, fmt::format("api_keys_file: {}: {}", path, what));
}

}  // namespace

Result<Secret> read_bootstrap_key(const std::string& state_path) {
  return read_kept_secret(state_path, std::string(kBootstrapKeyFile));
}

Result<std::vector<api::ApiKey>> read_keys(const std::string& path) {
  const auto text = keys_text(path);
  if (!text) return wrong_keys(path, text.error().message);
  auto keys = api::read_key_file(*text);
  if (!keys) return wrong_keys(path, keys.error().message);
  return keys;
}

Result<std::string> key_file_text(const std::string& path) {
  auto text = keys_text(path);
  if (!text && text.error().code == ErrorCode::NotFound) return std::string();
  return text;
}

Result<void> AccessFiles::load(const std::string& state_path) {
  if (settings_.key_digest) {
    fixed_.push_back({std::string(api::kSettingKeyId), {http::Role::Admin}, settings_.key_digest});
  }
  if (settings_.rules.mode == api::AuthMode::Bootstrap) {
    const auto key = keep_secret(state_path, std::string(kBootstrapKeyFile));
    if (!key) return fail(key.error());
    fixed_.push_back(
        {std::string(api::kBootstrapKeyId), {http::Role::Admin}, sha256(key->reveal())});
    log_.warn("no credential is configured: whoever is not admin may only send telemetry",
              {{"admin_key_file", fmt::format("{}/{}", state_path, kBootstrapKeyFile)}});
  }
  if (!settings_.tls.certificate.empty()) {
    auto files = http::TlsFiles::load(settings_.tls);
    if (!files) return fail(files.error());
    tls_ = std::move(*files);
  }
  access_.set_keys(api::KeyRing(fixed_));
  if (auto keys = reload_keys(); !keys) return fail(keys.error());
  return {};
}

void AccessFiles::look() {
  if (const auto keys = reload_keys(); !keys) {
    log_.error("the API keys were not read again; those of before stay in force",
               {{"reason", keys.error().message}});
  } else if (*keys) {
    log_.info("the API keys were read again");
  }
  if (tls_ == nullptr) return;
  if (const auto files = tls_->reload(); !files) {
    log_.error("the certificate was not read again; that of before stays in force",
               {{"reason", files.error().message}});
  } else if (*files) {
    log_.info("the certificate was read again");
  }
}

// An error is returned once for each text of the file.
Result<bool> AccessFiles::reload_keys() {
  if (settings_.keys_file.empty()) return false;
  const std::lock_guard lock(mutex_);
  const auto text = keys_text(settings_.keys_file);
  // A reason takes the place of the text, so that a file which comes back is read.
  const std::string seen = text ? "+" + *text : "-" + text.error().message;
  if (seen == std::exchange(seen_keys_, seen)) return false;
  const auto keys = read_keys(settings_.keys_file);
  if (!keys) return fail(keys.error());
  std::vector<api::ApiKey> all = fixed_;
  all.insert(all.end(), keys->begin(), keys->end());
  access_.set_keys(api::KeyRing(std::move(all)));
  return true;
}

}  // namespace betrace::app
