#include "betrace/api/key_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "betrace/base/ascii.h"
#include "betrace/base/hex.h"
#include "betrace/base/utf8.h"
#include "betrace/storage/yaml.h"

namespace betrace::api {
namespace {

constexpr std::size_t kKeyIdBytesMax = 64;
constexpr std::array<std::string_view, 6> kEntryMembers = {"id",  "roles",      "sha256",
                                                           "san", "not_before", "not_after"};

tl::unexpected<Error> wrong_entry(std::size_t index, std::string_view what) {
  return fail(ErrorCode::InvalidArgument, fmt::format("entry {}: {}", index + 1, what));
}

// Reads one entry; all scalars are texts.
class EntryReader {
 public:
  EntryReader(const Json& entry, std::size_t index) : entry_(entry), index_(index) {}

  Result<ApiKey> read() {
    if (!entry_.is_object()) return wrong_entry(index_, "is not a map");
    for (const auto& [name, value] : entry_.items()) {
      if (std::ranges::find(kEntryMembers, name) == kEntryMembers.end()) {
        return wrong_entry(index_, fmt::format("{} is not known", quote_excerpt(name)));
      }
    }
    for (const auto step : {&EntryReader::read_id, &EntryReader::read_roles,
                            &EntryReader::read_proofs, &EntryReader::read_times}) {
      if (const std::string problem = (this->*step)(); !problem.empty()) {
        return wrong_entry(index_, problem);
      }
    }
    return std::move(key_);
  }

 private:
  // The member as a list of texts; a single text is a list of one. Nothing if it is anything else.
  std::optional<std::vector<std::string>> texts(const char* name) const {
    const auto member = entry_.find(name);
    if (member == entry_.end()) return std::vector<std::string>{};
    if (member->is_string()) return std::vector{member->get<std::string>()};
    if (!member->is_array()) return std::nullopt;
    std::vector<std::string> values;
    for (const Json& value : *member) {
      if (!value.is_string()) return std::nullopt;
      values.push_back(value.get<std::string>());
    }
    return values;
  }

  std::string read_id() {
    const auto id = texts("id");
    if (!id || id->size() != 1 || !is_key_id(id->front())) return "id is missing or not legal";
    key_.id = id->front();
    return "";
  }

  std::string read_roles() {
    const auto roles = texts("roles");
    if (!roles || roles->empty()) return "roles is no list of roles";
    for (const std::string& name : *roles) {
      const auto role = parse_role(name);
      if (!role) {
        return fmt::format("{} is not ingest, read, write or admin", quote_excerpt(name));
      }
      key_.roles.add(*role);
    }
    return "";
  }

  std::string read_proofs() {
    const auto digest = texts("sha256");
    const auto names = texts("san");
    if (!digest || digest->size() > 1) return "sha256 is no text";
    if (!names) return "san is no list of names";
    if (digest->empty() && names->empty()) return "has neither sha256 nor san";
    key_.names = *names;
    if (digest->empty()) return "";
    key_.digest.emplace();
    return from_hex(digest->front(), *key_.digest) ? "" : "sha256 is not 64 hex digits";
  }

  std::string read_times() {
    for (const auto& [name, time] :
         {std::pair("not_before", &key_.not_before), std::pair("not_after", &key_.not_after)}) {
      const auto text = texts(name);
      if (text && text->empty()) continue;
      const auto parsed = text && text->size() == 1
                              ? parse_rfc3339(text->front())
                              : Result<UnixNanos>(fail(ErrorCode::InvalidArgument, ""));
      if (!parsed) return fmt::format("{} is no time such as 2026-01-31T10:00:00Z", name);
      *time = *parsed;
    }
    return key_.not_before < key_.not_after ? "" : "not_before is not before not_after";
  }

  const Json& entry_;
  const std::size_t index_;
  ApiKey key_;
};

}  // namespace

bool is_key_id(std::string_view id) noexcept {
  const auto is_legal = [](char c) {
    return is_alphanumeric(c) || c == '_' || c == '.' || c == '-';
  };
  return !id.empty() && id.size() <= kKeyIdBytesMax && std::ranges::all_of(id, is_legal) &&
         (is_alphanumeric(id.front()) || id.front() == '_') && id != kSettingKeyId &&
         id != kBootstrapKeyId;
}

Result<std::vector<ApiKey>> read_key_file(std::string_view text) {
  const auto list = storage::yaml_to_json(text, kKeyFileBytesMax, storage::YamlScalars::Texts);
  if (!list) return fail(list.error());
  std::vector<ApiKey> keys;
  if (list->is_null()) return keys;
  if (!list->is_array()) return fail(ErrorCode::InvalidArgument, "is no list of keys");
  if (list->size() > kApiKeysMax) {
    return fail(ErrorCode::InvalidArgument, fmt::format("has more than {} keys", kApiKeysMax));
  }
  std::set<std::string> ids;
  std::set<Sha256> digests;
  for (std::size_t index = 0; index < list->size(); ++index) {
    auto key = EntryReader((*list)[index], index).read();
    if (!key) return fail(key.error());
    if (!ids.insert(key->id).second) return wrong_entry(index, "its id is given twice");
    if (key->digest && !digests.insert(*key->digest).second) {
      return wrong_entry(index, "its sha256 is given twice");
    }
    keys.push_back(std::move(*key));
  }
  return keys;
}

}  // namespace betrace::api
