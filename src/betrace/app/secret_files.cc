#include "betrace/app/secret_files.h"

#include <fmt/format.h>

#include "betrace/base/base64.h"
#include "betrace/base/unguessable_bytes.h"
#include "betrace/storage/durable_file.h"

namespace betrace::app {
namespace {

constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kKeptBytesMax = 256;

storage::FileHandle open_folder(const std::string& path) {
  storage::FileSystem& files = storage::real_file_system();
  return {files, files.open_directory(path)};
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

Result<Secret> make_secret(const std::string& state_path, const std::string& name) {
  const storage::FileHandle folder = open_folder(state_path);
  Secret key = new_key();
  auto written =
      storage::durable_replace(storage::real_file_system(), folder.number(), name, key.reveal());
  if (!written) return fail(std::move(written).error());
  return key;
}

}  // namespace

Secret new_key() {
  const std::vector<std::uint8_t> bytes = unguessable_bytes(kKeyBytes);
  std::string text = to_base64({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  while (text.ends_with('=')) text.pop_back();
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;  // for headers and addresses alike
  return Secret(text);
}

Result<std::string> read_path(const std::string& path, std::size_t bytes_max) {
  const Place place = place_of(path);
  if (!place.folder.is_open()) return fail(ErrorCode::NotFound, "its folder cannot be opened");
  return storage::read_file(storage::real_file_system(), place.folder.number(), place.name,
                            bytes_max, storage::Links::Beneath);
}

Result<void> replace_path(const std::string& path, const std::string& text) {
  const Place place = place_of(path);
  return storage::durable_replace(storage::real_file_system(), place.folder.number(), place.name,
                                  text);
}

Result<Secret> read_kept_secret(const std::string& state_path, const std::string& name) {
  const storage::FileHandle folder = open_folder(state_path);
  if (!folder.is_open()) return fail(ErrorCode::NotFound, "there is no state directory");
  return storage::read_file(storage::real_file_system(), folder.number(), name, kKeptBytesMax,
                            storage::Links::Refuse)
      .map([](std::string text) { return Secret(std::move(text)); });
}

Result<Secret> keep_secret(const std::string& state_path, const std::string& name) {
  auto secret = read_kept_secret(state_path, name);
  const bool is_missing = secret ? secret->empty() : secret.error().code == ErrorCode::NotFound;
  if (is_missing) secret = make_secret(state_path, name);
  if (secret) return secret;
  return fail(secret.error().code,
              fmt::format("{}/{}: {}", state_path, name, secret.error().message));
}

}  // namespace betrace::app
