#include "betrace/app/access_files.h"

#include <fmt/format.h>

#include <utility>

#include "betrace/api/key_file.h"
#include "betrace/base/base64.h"
#include "betrace/base/unguessable_bytes.h"
#include "betrace/storage/durable_file.h"

namespace betrace::app {
namespace {

constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kKeyTextBytesMax = 256;

storage::FileHandle open_folder(const std::string& path) {
  storage::FileSystem& files = storage::real_file_system();
  return {files, files.open_directory(path)};
}

Result<Secret> make_bootstrap_key(const std::string& state_path) {
  const storage::FileHandle folder = open_folder(state_path);
  const Secret key = new_key();
  if (auto written = storage::durable_replace(storage::real_file_system(), folder.number(),
                                              kBootstrapKeyFile, key.reveal());
      !written) {
    return fail(written.error().code,
                fmt::format("{}/{}: {}", state_path, kBootstrapKeyFile, written.error().message));
  }
  return key;
}

struct Place {
  storage::FileHandle folder;
  std::string name;
};

Place place_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {open_folder("."), path};
  return {open_folder(path.substr(0, slash + 1)), path.substr(slash + 1)};
}

// Links are followed: a mounted Secret is one.
Result<std::string> keys_text(const std::string& path) {
  const Place place = place_of(path);
  if (!place.folder.is_open()) return fail(ErrorCode::NotFound, "its folder cannot be opened");
  return storage::read_file(storage::real_file_system(), place.folder.number(), place.name,
                            api::kKeyFileBytesMax, storage::Links::Beneath);
}

tl::unexpected<Error> wrong_keys(const std::string& path, const std::string& what) {
  return fail(ErrorCode::InvalidArgument, fmt::format("api_keys_file: {}: {}", path, what));
}

}  // namespace

Secret new_key() {
  const std::vector<std::uint8_t> bytes = unguessable_bytes(kKeyBytes);
  std::string text = to_base64({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  while (text.ends_with('=')) text.pop_back();
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;  // for headers and addresses alike
  return Secret(text);
}

Result<Secret> read_bootstrap_key(const std::string& state_path) {
  const storage::FileHandle folder = open_folder(state_path);
  if (!folder.is_open()) return fail(ErrorCode::NotFound, "there is no state directory");
  const auto text = storage::read_file(storage::real_file_system(), folder.number(),
                                       kBootstrapKeyFile, kKeyTextBytesMax, storage::Links::Refuse);
  if (!text) return fail(text.error());
  return Secret(*text);
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

Result<void> write_key_file(const std::string& path, const std::string& text) {
  const Place place = place_of(path);
  return storage::durable_replace(storage::real_file_system(), place.folder.number(), place.name,
                                  text);
}

Result<void> AccessFiles::load(const std::string& state_path) {
  if (settings_.key_digest) {
    fixed_.push_back({std::string(api::kSettingKeyId), {http::Role::Admin}, settings_.key_digest});
  }
  if (settings_.rules.mode == api::AuthMode::Bootstrap) {
    auto key = read_bootstrap_key(state_path);
    if (!key || key->empty()) key = make_bootstrap_key(state_path);
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
