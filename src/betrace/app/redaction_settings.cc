#include "betrace/app/redaction_settings.h"

#include <fmt/format.h>

#include <utility>

#include "betrace/app/secret_files.h"

namespace betrace::app {
namespace {

constexpr std::size_t kRedactionKeyBytesMin = 32;
constexpr std::size_t kRedactionKeyBytesMax = 4'096;

std::vector<std::string> with_shipped(const std::vector<std::string>& keys) {
  std::vector<std::string> all;
  for (const std::string& key : keys) {
    if (key == kShippedKeys) {
      const auto shipped = parse_list(find_setting("redaction.deny")->fallback);
      all.insert(all.end(), shipped.begin(), shipped.end());
    } else {
      all.push_back(key);
    }
  }
  return all;
}

}  // namespace

RedactionSettings redaction_settings(const Config& config) {
  RedactionSettings settings;
  settings.lists.allow = config.list("redaction.allow");
  settings.lists.deny = with_shipped(config.list("redaction.deny"));
  settings.key_file = config.text("redaction.key_file");
  return settings;
}

Result<Secret> read_redaction_key(const std::string& path) {
  const auto refuse = [&path](std::string_view what) {
    return fail(ErrorCode::InvalidArgument, fmt::format("redaction.key_file: {}: {}", path, what));
  };
  auto text = read_path(path, kRedactionKeyBytesMax);
  if (!text) return refuse(text.error().message);
  if (text->ends_with('\n')) text->pop_back();
  Secret key(*std::move(text));
  if (key.reveal().size() < kRedactionKeyBytesMin) {
    return refuse("is shorter than 32 bytes; make one with: openssl rand -base64 32");
  }
  return key;
}

Result<void> check_redaction_file(const Config& config) {
  const std::string& path = config.text("redaction.key_file");
  if (path.empty()) return {};
  return read_redaction_key(path).map([](const Secret&) {});
}

Result<engine::RedactionPtr> make_redaction(const RedactionSettings& settings,
                                            const std::string& state_path) {
  auto key = settings.key_file.empty() ? keep_secret(state_path, kRedactionKeyFile)
                                       : read_redaction_key(settings.key_file);
  if (!key) return fail(std::move(key).error());
  return std::make_shared<const engine::Redaction>(settings.lists, *std::move(key));
}

}  // namespace betrace::app
